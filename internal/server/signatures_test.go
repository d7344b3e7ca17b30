package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/token"
)

// newSlow makes a server of a CDN whose signatures are expensive, with cookies where there is a
// domain, and of one whose signatures are not, on a transport.
func newSlow(tb testing.TB, kind Transport, domain string) (*Server, *scheme.Signatures) {
	tb.Helper()
	kept := scheme.NewSignatures(1 << 20)
	options := map[string]string{}
	if domain != "" {
		options[scheme.CookieOption] = "true"
	}
	signer, err := scheme.Lookup("google-media-cdn").New(&scheme.CDN{URL: "https://slow.example.com",
		Signatures: kept, Options: options,
		Keys: []scheme.Key{{ID: "k", Secret: bytes.Repeat([]byte("k"), 32)}}})
	if err != nil {
		tb.Fatal(err)
	}
	seven, _ := vectorKeys(tb)
	c := settingsFor(tb,
		cdn.CDN{Name: "slow", URL: "https://slow.example.com", Weight: 1, Signer: signer,
			CookieDomain: domain},
		cdn.CDN{Name: "own", URL: "https://own.example.com", Weight: 1, Keys: token.Keys{seven}})
	c.Transport, c.Signatures = kind, kept
	s, _ := newServer(c)
	return s, kept
}

// TestSignaturesAreAwaited: a request waits for its signatures on either transport, each is made
// once, the answers come in order, and what a request waited for serves the next one. A run of the
// handler whose answer is dropped is not counted.
func TestSignaturesAreAwaited(t *testing.T) {
	for _, kind := range []Transport{Auto, FastHTTP} {
		s, kept := newSlow(t, kind, "")
		addr := start(t, s)
		c := dial(t, addr)
		var all strings.Builder
		for i := range 20 {
			cdn := []string{"slow", "own"}[i%2]
			all.WriteString(post(
				fmt.Sprintf(`{"token":{"cdn":%q},"video":{"sources":[{"src":"/%d.mp4"},{"src":"/d/%d.m3u8"}]}}`,
					cdn, i%10, i)))
		}
		if _, err := io.WriteString(c, all.String()); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		for i := range 20 {
			a := read(t, r, "POST")
			cdn := []string{"slow", "own"}[i%2]
			if a.StatusCode != 200 ||
				!strings.Contains(a.body, fmt.Sprintf("https://%s.example.com/%d.mp4", cdn, i%10)) ||
				a.Header.Get("Cache-Control") != "private, max-age=21800" ||
				a.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: answer %d: %d, %v, %s", kind, i, a.StatusCode, a.Header, a.body)
			}
		}
		if got := kept.Stats(); got.Misses != 6 || got.Hits < 14 {
			t.Errorf("%s: %+v", kind, got)
		}
		metrics := adminGet(t, s, "/metrics")
		for _, want := range []string{"videotoken_signature_misses_total 6\n",
			`videotoken_requests_total{code="200",route="/video/token"} 20` + "\n",
			"videotoken_signature_queue 0\n", "videotoken_signature_cache_bytes ",
			"videotoken_signature_seconds_total "} {
			if !strings.Contains(metrics, want) {
				t.Errorf("%s: the metrics have no %s", kind, want)
			}
		}
	}
}

// TestTooManySignatures: a request with more new signatures than one may wait for is refused, and
// can be asked again.
func TestTooManySignatures(t *testing.T) {
	s, _ := newSlow(t, Auto, "")
	c := dial(t, start(t, s))
	var sources strings.Builder
	for i := range 12 {
		fmt.Fprintf(&sources, `,{"src":"/%d.mp4"}`, i)
	}
	body := `{"token":{"cdn":"slow"},"video":{"sources":[` + sources.String()[1:] + `]}}`
	a := exchange(t, c, post(body), "POST")
	checkProblem(t, a, 503, "too many new signatures", "")
	if a.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
	}
	for a.StatusCode == 503 {
		a = exchange(t, c, post(body), "POST")
	}
	if a.StatusCode != 200 || strings.Count(a.body, "&Signature=") != 12 {
		t.Errorf("%d, %s", a.StatusCode, a.body)
	}
}

// TestSetCookie: the cookies of a CDN with cookies are in the answer, beside the headers of CORS.
func TestSetCookie(t *testing.T) {
	for _, kind := range []Transport{Auto, FastHTTP} {
		s, _ := newSlow(t, kind, "example.com")
		c := dial(t, start(t, s))
		body := `{"token":{"cdn":"slow"},"videos":[{"sources":[{"src":"/d/a.m3u8"}]},{"sources":[{"src":"/e/a.m3u8"}]}]}`
		a := exchange(t, c, post(body, "Origin: https://player.example"), "POST")
		cookies := a.Cookies()
		if a.StatusCode != 200 || len(cookies) != 2 || strings.Contains(a.body, "Signature") ||
			a.Header.Get("Access-Control-Allow-Origin") == "" {
			t.Fatalf("%s: %d, %v, %s", kind, a.StatusCode, a.Header, a.body)
		}
		for i, path := range []string{"/d/", "/e/"} {
			if k := cookies[i]; k.Name != "Edge-Cache-Cookie" || k.Path != path ||
				k.Domain != "example.com" || !k.Secure || !k.HttpOnly || k.MaxAge != 21800 {
				t.Errorf("%s: %v", kind, k)
			}
		}
		if a := exchange(t, c, post(strings.ReplaceAll(body, "slow", "own")),
			"POST"); len(a.Cookies()) != 0 {
			t.Errorf("%s: another CDN's answer has cookies: %v", kind, a.Header)
		}
	}
}
