package video_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/video"
	"videotoken/token"
)

// newMixed is a signer for CDNs of several schemes: own can express everything, link neither a
// query nor a directory nor any claim, akamai no query.
func newMixed(tb testing.TB, balance cdn.Balance, names ...string) *video.Signer {
	tb.Helper()
	signer := func(name string, options map[string]string) scheme.Signer {
		s, err := scheme.Lookup(name).New(&scheme.CDN{URL: "https://" + name + ".example",
			Options: options,
			Keys:    []scheme.Key{{ID: "k", Secret: bytes.Repeat([]byte("k"), 32)}}})
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	all := map[string]cdn.CDN{
		"own": {Name: "own", URL: "https://own.example", Weight: 2, Keys: token.Keys{newKey(tb, 7)}},
		"link": {Name: "link", URL: "https://secure-link.example", Weight: 1,
			Signer: signer("secure-link", map[string]string{"preset": "cdn77"})},
		"akamai": {Name: "akamai", URL: "https://akamai.example", Weight: 1,
			Signer: signer("akamai", map[string]string{"parameter": "hdnea"})},
	}
	var cdns []cdn.CDN
	for _, name := range names {
		cdns = append(cdns, all[name])
	}
	s := newSigner(tb)
	var err error
	if s.CDNs, err = cdn.New(balance, cdns); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestSchemesThatCan: a CDN that cannot express what a video needs is out of the choice for that
// video, and weights hold among those that are left.
func TestSchemesThatCan(t *testing.T) {
	for _, balance := range []cdn.Balance{cdn.RoundRobin, cdn.Affinity} {
		s := newMixed(t, balance, "own", "link", "akamai")
		for _, c := range []struct{ body, hosts string }{
			{`{"video":{"sources":[{"src":"/ID.mp4"}]}}`, "own link akamai"},
			{`{"video":{"sources":[{"src":"/ID.mp4"},{"src":"/x.mp4?a=1"}]}}`, "own"},
			{`{"video":{"sources":[{"src":"/ID.mp4"},{"src":"/d/x.m3u8"}]}}`, "own akamai"},
			{`{"video":{"sources":[{"src":"/ID.mp4"},{"src":"/d/x*.m3u8"}]}}`, "own"},
			{`{"token":{"session":"0011223344556677"},"video":{"sources":[{"src":"/ID.mp4"}]}}`,
				"own akamai"},
			{`{"token":{"ip":"203.0.113.7"},"video":{"sources":[{"src":"/ID.mp4"}]}}`, "own akamai"},
			{`{"token":{"ip":"203.0.113.0/24"},"video":{"sources":[{"src":"/ID.mp4"}]}}`, "own"},
			{`{"token":{"exclude":["own"]},"video":{"sources":[{"src":"/ID.mp4"}]}}`, "link akamai"},
			{`{"token":{"cdn":"akamai","ip":"203.0.113.7"},"video":{"sources":[{"src":"/ID.mp4"}]}}`,
				"akamai"},
		} {
			counts := map[string]int{}
			for i := range 300 {
				out, _, err := s.Append(nil, []byte(strings.Replace(c.body, "ID", strconv.Itoa(i), 1)), now)
				if err != nil {
					t.Fatalf("%s: %v", c.body, err)
				}
				_, host, _ := strings.Cut(string(out), "https://")
				host, _, _ = strings.Cut(host, ".")
				if counts[host]++; strings.Count(string(out),
					"https://"+host+".example/") != strings.Count(c.body, `"src"`) {
					t.Errorf("several CDNs in %s", out)
				}
			}
			hosts := strings.Fields(strings.Replace(c.hosts, "link", "secure-link", 1))
			if len(counts) != len(hosts) {
				t.Errorf("%s: %v, want %s", c.body, counts, c.hosts)
			}
			total := map[string]int{"own": 2, "secure-link": 1, "akamai": 1}
			sum := 0
			for _, host := range hosts {
				sum += total[host]
			}
			for _, host := range hosts {
				if n, want := counts[host], 300*total[host]/sum; n < want-want/4 || n > want+want/4 {
					t.Errorf("%s: %s has %d of 300 videos, want about %d", c.body, host, n, want)
				}
			}
		}
	}
}

// TestSegments: a path segment that carries tokens of a CDN is refused, whichever CDN is picked.
func TestSegments(t *testing.T) {
	s := newSigner(t)
	s.Segments = []string{"bcdn_token", "hdnea"}
	for src, refused := range map[string]bool{
		"/hdnea=x/a.mp4": true, "/a/HDNEA=/b.m3u8": true, "/%68dnea=x/a.mp4": true,
		"/a/bcdn_token=1": true, "/a/hdnea%3D1/b.mp4": true,
		"/hdnea/a.mp4": false, "/xhdnea=1/a.mp4": false, "/a=b/c=d.mp4": false, "/hdnea": false,
	} {
		_, _, err := s.Append(nil, []byte(`{"video":{"sources":[{"src":"`+src+`"}]}}`), now)
		if (err != nil) != refused ||
			err != nil && !strings.Contains(err.Error(), "which carries tokens") {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// TestNoSchemeCan: the error names what is needed, and the CDNs that cannot.
func TestNoSchemeCan(t *testing.T) {
	s := newMixed(t, cdn.RoundRobin, "link", "akamai")
	for _, c := range []struct{ body, pointer, says string }{
		{`{"video":{"sources":[{"src":"/a.mp4?x=1"}]}}`, "/video/sources/0/src",
			"link: it needs a signed query; akamai: it needs a signed query"},
		{`{"video":{"sources":[{"src":"/d/a*.m3u8"}]}}`, "/video/sources/0/src",
			"link: it needs a directory's token that relative URLs inherit; akamai: it has one of * ? ! ~"},
		{`{"token":{"cdn":"link"},"videos":[{"sources":[{"src":"/a.mp4"}]},{"sources":[{"src":"/a.mp4"},{"src":"/d/a.mpd"}]}]}`,
			"/videos/1/sources/1/src", "link: it needs a directory"},
		{`{"token":{"ip":"2001:db8::1"},"video":{"sources":[{"src":"/a.mp4"}]}}`, "/video/sources/0/src",
			"akamai: it needs an IPv6 /64"},
		{`{"token":{"notBefore":1,"session":"0011223344556677","cdn":"link"},"video":{"sources":[{"src":"/a.mp4"}]}}`,
			"/video/sources/0/src", "link: it needs a start time, a session"},
	} {
		refuse(t, s, c.body, c.pointer, c.says)
	}
}
