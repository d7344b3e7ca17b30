package video_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/video"
)

// newCookies is a signer for CDNs with cookies, each "name scheme domain".
func newCookies(tb testing.TB, entries ...string) *video.Signer {
	tb.Helper()
	signatures := scheme.NewSignatures(1 << 20)
	var cdns []cdn.CDN
	for _, e := range entries {
		f := strings.Fields(e)
		name, kind, domain := f[0], scheme.Lookup(f[1]), f[2]
		url := "https://" + name + "." + domain
		signer, err := kind.New(&scheme.CDN{URL: url, Signatures: signatures,
			Keys:    []scheme.Key{{ID: "k", Secret: bytes.Repeat([]byte("k"), 32)}},
			Options: map[string]string{"parameter": "hdnea", scheme.CookieOption: "true"}})
		if err != nil {
			tb.Fatal(err)
		}
		cdns = append(cdns,
			cdn.CDN{Name: name, URL: url, Weight: 1, Signer: signer, CookieDomain: domain})
	}
	s := newSigner(tb)
	var err error
	if s.CDNs, err = cdn.New(cdn.RoundRobin, cdns); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestCookies: playlists come without a token, and one set of cookies opens the widest of the
// directories that lie in each other.
func TestCookies(t *testing.T) {
	s := newCookies(t, "ak akamai example.com")
	for _, c := range []struct {
		body  string
		paths string // of the cookies
	}{
		{`{"video":{"sources":[{"src":"/a.mp4"}]}}`, ""},
		{`{"video":{"sources":[{"src":"/f/a.m3u8"},{"src":"/f/a.mp4"}]}}`, "/f/"},
		{`{"video":{"sources":[{"src":"/f/h/a.m3u8"},{"src":"/f/a.mpd"},{"src":"/f/d/a.mpd"}]}}`, "/f/"},
		{`{"video":{"sources":[{"src":"/f/a.m3u8"},{"src":"/fg/a.mpd"}]}}`, "/f/ /fg/"},
		{`{"videos":[{"sources":[{"src":"/f/a.m3u8"}]},{"sources":[{"src":"/g/a.m3u8"}]},{"sources":[{"src":"/f/b/c.m3u8"}]}]}`,
			"/f/ /g/"},
		{`{"token":{"scope":"/f/"},"video":{"sources":[{"src":"/f/h/a.m3u8"},{"src":"/f/d/a.mpd"}]}}`,
			"/f/"},
	} {
		a, err := s.Answer(nil, video.Question{Body: []byte(c.body), Now: now})
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		var paths []string
		for _, cookie := range a.Cookies {
			if !strings.HasPrefix(cookie, "hdnea=exp=") ||
				!strings.HasSuffix(cookie, "; Secure; HttpOnly; SameSite=None") ||
				!strings.Contains(cookie, fmt.Sprintf("; Max-Age=%d; Domain=example.com; Path=/", a.MaxAge)) {
				t.Errorf("%s: Set-Cookie: %s", c.body, cookie)
			}
			_, path, _ := strings.Cut(cookie, "; Path=")
			path, _, _ = strings.Cut(path, ";")
			paths = append(paths, path)
		}
		slices.Sort(paths)
		if got := strings.Join(paths, " "); got != c.paths {
			t.Errorf("%s: cookies for %q, want %q", c.body, got, c.paths)
		}
		if n := strings.Count(string(a.Body), "hdnea="); n != strings.Count(c.body, ".mp4") {
			t.Errorf("%s: %d tokens in %s", c.body, n, a.Body)
		}
	}
}

// TestCookiesClash: two CDNs whose cookies a browser cannot tell apart are refused, and others not.
func TestCookiesClash(t *testing.T) {
	same, inside := `{"sources":[{"src":"/f/a.m3u8"}]}`, `{"sources":[{"src":"/f/g/b.m3u8"}]}`
	for _, c := range []struct {
		cdns    []string
		videos  string
		clashes bool
	}{
		{[]string{"one akamai example.com", "two akamai example.com"}, same + "," + same, true},
		{[]string{"one akamai example.com", "two akamai example.com"}, same + "," + inside, true},
		{[]string{"one akamai example.com", "two akamai a.example.com"}, inside + "," + same, true},
		{[]string{"one akamai example.com", "two akamai example.com"},
			same + "," + `{"sources":[{"src":"/g/a.m3u8"}]}`, false},
		{[]string{"one akamai example.com", "two akamai example.net"}, same + "," + same, false},
		{[]string{"one akamai example.com", "two google-media-cdn example.com"}, same + "," + same,
			false},
	} {
		body := []byte(`{"videos":[` + c.videos + `]}`)
		s := newCookies(t, c.cdns...)
		a, err := s.Answer(nil, video.Question{Body: body, Now: now})
		var pending *video.Pending
		if errors.As(err, &pending) {
			a, err = s.Answer(nil, video.Question{Body: body, Now: now, Before: wait(t, err)})
		}
		var e *video.Error
		if c.clashes {
			if !errors.As(err, &e) || e.Pointer != "/videos/1/sources/0/src" ||
				!strings.Contains(e.Detail, "the cookie hdnea of the CDN") {
				t.Errorf("%v, %s: %v", c.cdns, body, err)
			}
		} else if err != nil || len(a.Cookies) != 2 {
			t.Errorf("%v, %s: %v, %v", c.cdns, body, a.Cookies, err)
		}
	}
}

// TestCookiesPending: cookies wait for their signatures as URLs do, and those of the window before
// serve.
func TestCookiesPending(t *testing.T) {
	s := newCookies(t, "gm google-media-cdn example.com")
	q := video.Question{Body: []byte(`{"video":{"sources":[{"src":"/f/a.m3u8"}]}}`),
		Now: (now + 299) / 300 * 300}
	_, err := s.Answer(nil, q)
	q.Before = wait(t, err)
	a, err := s.Answer(nil, q)
	if err != nil || len(a.Cookies) != 1 ||
		!strings.HasPrefix(a.Cookies[0], "Edge-Cache-Cookie=URLPrefix=") {
		t.Fatalf("%v, %v", a.Cookies, err)
	}
	q.Before, q.Now = nil, q.Now+1
	b, err := s.Answer(nil, q)
	if err != nil || len(b.Cookies) != 1 || b.MaxAge != a.MaxAge-1 ||
		strings.Split(b.Cookies[0], ";")[0] != strings.Split(a.Cookies[0], ";")[0] ||
		!strings.Contains(b.Cookies[0], fmt.Sprintf("Max-Age=%d;", b.MaxAge)) {
		t.Errorf("%v, %d, %v", b.Cookies, b.MaxAge, err)
	}
}
