package scheme

import (
	"net/netip"
	"strings"
	"testing"

	"videotoken/token"
)

// TestVerifySays has what is printed of URLs, good and refused, and the reasons.
func TestVerifySays(t *testing.T) {
	client := netip.MustParseAddr("203.0.113.7")
	address := netip.PrefixFrom(client, 32)
	for _, c := range []struct {
		name    string
		options map[string]string
		src     string
		claims  token.Claims
		change  func(string) string
		want    string // the reason and what is printed
	}{
		{"akamai", nil, "/d/x.m3u8?a=1",
			token.Claims{Depth: 1, IP: address, NotBefore: expiry - 9, HasSession: true}, nil,
			"|path        /d/x.m3u8?a=1|scheme      akamai|depth       1|directory   /d/|expires     " +
				"2000000000 (2033-05-18T03:33:20Z)|not before  1999999991 (2033-05-18T03:33:11Z)|ip          " +
				"203.0.113.7/32|session     0000000000000000|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, cut("~hmac"),
			"malformed|path        /x.mp4|scheme      akamai|depth       0|opens       /x.mp4|expires     " +
				"2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, swap("/x.mp4?", "/y.mp4?"),
			"path|path        /y.mp4|scheme      akamai|depth       0|opens       /x.mp4|expires     " +
				"2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, swap("~acl=/x.mp4", "~data=1~acl=/x.mp4"),
			ErrUnlike.Error() + "|path        /x.mp4|scheme      akamai|depth       0|opens       " +
				"/x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, swap("?hdnea=", "?x=1&hdnea="),
			"|path        /x.mp4?x=1|scheme      akamai|depth       0|opens       /x.mp4|expires     " +
				"2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, func(s string) string {
			return s + "&CMCD=br"
		}, "|path        /x.mp4?CMCD=br|scheme      akamai|depth       0|opens       " +
			"/x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, func(s string) string {
			return s + "&hdnea=1"
		}, "ambiguous|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, func(s string) string {
			return s + "&hdNea=1"
		}, "ambiguous|path        /x.mp4?hdNea=1|scheme      akamai|depth       0|opens       " +
			"/x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", nil, "/x.mp4", token.Claims{}, cut("?"), "missing|"},
		{"akamai", nil, "/d/x.m3u8", token.Claims{Depth: 1}, func(s string) string {
			return s + "?hdnea=1"
		}, "ambiguous|"},
		{"akamai", nil, "/d/x.m3u8", token.Claims{Depth: 1}, swap("/d/x", "/hdNea=1/d/x"),
			"ambiguous|path        /hdNea=1/d/x.m3u8|scheme      akamai|depth       1|directory   " +
				"/d/|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"akamai", map[string]string{"placement": "path"}, "/x.mp4", token.Claims{},
			func(s string) string {
				return "/x.mp4?" + strings.TrimSuffix(s[1:], "/x.mp4")
			}, ErrPlace.Error() + "|path        /x.mp4|scheme      akamai|depth       0|opens       " +
				"/x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"bunny", nil, "/d/x.m3u8", token.Claims{Depth: 1}, nil, "|path        /d/x.m3u8|scheme      " +
			"bunny|depth       1|directory   /d/|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"bunny", nil, "/x.mp4", token.Claims{IP: address}, func(s string) string {
			return s + "0"
		}, "malformed|path        /x.mp4|scheme      bunny|depth       0|ip          one that the URL " +
			"does not state|"},
		{"bunny", nil, "/x.mp4", token.Claims{IP: address}, swap("=200", "=201"),
			"signature|path        /x.mp4|scheme      bunny|depth       0|expires     2010000000 " +
				"(2033-09-10T21:20:00Z)|ip          one that the URL does not state|"},
		{"bunny", nil, "/x.mp4", token.Claims{}, func(s string) string {
			return s + "&limit=9"
		}, ErrUnlike.Error() + "|path        /x.mp4?limit=9|scheme      bunny|depth       " +
			"0|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"google-cloud-cdn", nil, "/x.mp4?a=1", token.Claims{}, nil,
			"|path        /x.mp4?a=1|scheme      google-cloud-cdn|key         my-key|depth       " +
				"0|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"google-cloud-cdn", nil, "/x.mp4", token.Claims{}, swap("my-key", "other"),
			"unknown-key|path        /x.mp4|scheme      google-cloud-cdn|key         other|depth       " +
				"0|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"google-cloud-cdn", nil, "/x.mp4", token.Claims{}, func(s string) string {
			return s + "&a=1"
		}, "signature|path        /x.mp4?a=1|scheme      google-cloud-cdn|key         " +
			"my-key|depth       0|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"google-media-cdn", nil, "/d/x.mpd", token.Claims{Depth: 1}, cut("/x.mpd"),
			"malformed|path        /d/|scheme      google-media-cdn|key         my-key|depth       " +
				"1|directory   /d/|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"cloudfront", nil, "/x.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.0/24")}, nil,
			"|path        /x.mp4|scheme      cloudfront|key         K2JCJMDEHXQW5F|depth       " +
				"0|opens       /x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|ip          " +
				"203.0.113.0/24|"},
		{"cloudfront", nil, "/x.mp4", token.Claims{IP: netip.MustParsePrefix("198.51.100.0/24")}, nil,
			"ip|path        /x.mp4|scheme      cloudfront|key         K2JCJMDEHXQW5F|depth       " +
				"0|opens       /x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|ip          " +
				"198.51.100.0/24|"},
		{"cat", nil, "/x.mp4?a=1", token.Claims{}, swap("a=1", "a=2"),
			"path|path        /x.mp4?a=2|scheme      cat|key         7|depth       0|opens       " +
				"/x.mp4?a=1|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"cat", nil, "/x.mp4", token.Claims{}, swap("?", "?CMCD=br&"),
			"|path        /x.mp4?CMCD=br|scheme      cat|key         7|depth       0|opens       " +
				"/x.mp4|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"secure-link/tencent-d", nil, "/x.mp4", token.Claims{}, nil,
			"|path        /x.mp4|scheme      secure-link|depth       0|issued      1999998200 " +
				"(2033-05-18T03:03:20Z)|validity    1800 s, which the CDN adds to the time of " +
				"issue|expires     2000000000 (2033-05-18T03:33:20Z)|"},
		{"secure-link/baseline", nil, "/x.mp4", token.Claims{}, nil,
			"|path        /x.mp4|scheme      secure-link|depth       0|expires     never|"},
		{"secure-link/nginx", nil, "/x.mp4", token.Claims{}, swap("expires=", "expires=x"),
			"malformed|path        /x.mp4|scheme      secure-link|depth       0|"},
		{"secure-link", nil, "/d/e/x.m3u8", token.Claims{Depth: 1, IP: address}, nil,
			"|path        /d/e/x.m3u8|scheme      secure-link|depth       1|directory   /d/|expires     " +
				"2000000000 (2033-05-18T03:33:20Z)|ip          203.0.113.7/32|"},
		{"secure-link", nil, "/d/e/x.m3u8", token.Claims{Depth: 1}, swap("/2000000000", "/2000000001"),
			"signature|path        /d/e/x.m3u8|scheme      secure-link|expires     2000000001 " +
				"(2033-05-18T03:33:21Z)|"},
		{"secure-link", nil, "/d/e/x.m3u8", token.Claims{Depth: 1}, swap("/d/", "/../"),
			"path|path        /../e/x.m3u8|scheme      secure-link|expires     2000000000 " +
				"(2033-05-18T03:33:20Z)|"},
	} {
		signer, verifier := shape{c.name, c.options}.both(t, testHost)
		url := strings.TrimPrefix(sign(t, signer, c.src, c.claims), testHost)
		if c.change != nil {
			url = c.change(url)
		}
		r, err := verifier.Verify(at(url, expiry-1, client))
		got := ""
		if err != nil {
			if got = token.Reason(err); got == "" {
				got = err.Error()
			}
		}
		got += "|"
		if r != nil {
			got += strings.ReplaceAll(r.String(), "\n", "|")
		}
		if got != c.want {
			t.Errorf("%s, %s:\ngot  %s\nwant %s", c.name, url, got, c.want)
		}
	}
}
