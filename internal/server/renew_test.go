package server

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/internal/revoked"
	"videotoken/internal/video"
	"videotoken/token"
)

// renewal is a raw POST /video/renew.
func renewal(body string, headers ...string) string {
	return strings.Replace(post(body, headers...), "/video/token", "/video/renew", 1)
}

// renewingServer renews the tokens of one CDN, and returns a URL for the address, and one of a
// directory.
func renewingServer(tb testing.TB, set *revoked.Set) (s *Server, url, directory string) {
	tb.Helper()
	seven, _ := vectorKeys(tb)
	c := settingsFor(tb,
		cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1, Keys: token.Keys{seven}})
	c.Signer.MaxRenew, c.Signer.RenewGrace, c.Revoked, c.Signer.Revoked = 12*3600, 300, set, set
	s, _ = newServer(c)
	sign := func(path string, depth int) string {
		text, err := seven.Append(nil, &token.Claims{
			Expiry: now, Session: [8]byte{1}, HasSession: true, RenewableUntil: now + 3600, TTL: 600,
			IP: netip.MustParsePrefix("127.0.0.1/32"), Depth: depth,
		}, token.Path(path), nil)
		if err != nil {
			tb.Fatal(err)
		}
		return string(text)
	}
	return s, "https://one.example/a/b.mp4?token=" + sign("/a/b.mp4", 0),
		"https://one.example/~" + sign("/h/é/m.m3u8", 2) + "/h/%C3%A9/m.m3u8?a='#t=1"
}

// TestRenewVideo: the headers of an answer and of each kind of refusal, as a page on another origin
// sees them.
func TestRenewVideo(t *testing.T) {
	set := openRevoked(t, revoked.Config{Grace: 10})
	s, url, _ := renewingServer(t, set)
	addr := start(t, s)
	c := dial(t, addr)
	origin := "Origin: https://player.example"
	a := exchange(t, c, renewal(`{"url":"`+url+`"}`, origin), "POST")
	var out struct{ URL string }
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != 200 ||
		out.URL == url || a.Header.Get("Content-Type") != "application/json" ||
		a.Header.Get("Cache-Control") != "private, max-age=650" ||
		a.Header.Get("Access-Control-Allow-Origin") != "https://player.example" {
		t.Fatalf("%d %v %s: %v", a.StatusCode, a.Header, a.body, err)
	}
	checkProblem(t, exchange(t, c, renewal(`{"url":1}`), "POST"), 400, "must be a string", "/url")
	checkProblem(t, exchange(t, c, renewal(`{"url":"`+url+`x"}`, origin), "POST"), 403, "damaged",
		"/url")
	checkProblem(t, exchange(t, c, strings.Replace(renewal(`{}`), "application/json", "text/plain", 1),
		"POST"), 415, "must be JSON", "")
	checkProblem(t, exchange(t, c, strings.Replace(renewal(`{}`), "POST", "PUT", 1), "PUT"), 405,
		"use POST", "")
	a = exchange(t, c, strings.Replace(renewal(``, origin, "Access-Control-Request-Method: POST"),
		"POST", "OPTIONS", 1), "OPTIONS")
	if a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("preflight: %d %v", a.StatusCode, a.Header)
	}
	if err := set.Revoke(t.Context(), [8]byte{1}, now+60); err != nil {
		t.Fatal(err)
	}
	a = exchange(t, c, renewal(`{"urls":["`+url+`"]}`, origin), "POST")
	checkProblem(t, a, 403, "session is over", "/urls/0")
	if a.Header.Get("X-Token-Reason") != "revoked" ||
		a.Header.Get("Access-Control-Expose-Headers") != "X-Token-Reason" {
		t.Errorf("%v", a.Header)
	}
}

// TestRefuseRenewal: whatever the reason is, the answer is 403, and it is counted.
func TestRefuseRenewal(t *testing.T) {
	s, _ := newServer(settings(t))
	for _, c := range []struct {
		err    token.Error
		reason string
	}{
		{token.ErrMissing, "missing"},
		{token.ErrExpired, "expired"},
		{video.ErrNotRenewable, "not-renewable"},
		{token.Error("of a later version"), "unknown"},
		{token.Error(""), "unknown"},
	} {
		var ctx fasthttp.RequestCtx
		s.refuseRenewal(&ctx, c.err, "/url")
		h := &ctx.Response.Header
		if got := ctx.Response.StatusCode(); got != 403 ||
			string(h.Peek("X-Token-Reason")) != c.reason {
			t.Errorf("%q: %d, %s", string(c.err), got, h)
		}
	}
	if m := adminGet(t, s, "/metrics"); !strings.Contains(m,
		"\nvideotoken_renewals_total{reason=\"unknown\"} 2\n") {
		t.Errorf("metrics lack the unknown reasons:\n%s", m)
	}
}

// TestRenewNotLoaded: while nobody knows which sessions are over, none is renewed.
func TestRenewNotLoaded(t *testing.T) {
	// nobody listens there
	s, url, _ := renewingServer(t, openRevoked(t, revoked.Config{Redis: "redis://127.0.0.1:1"}))
	a := exchange(t, dial(t, start(t, s)), renewal(`{"url":"`+url+`"}`), "POST")
	checkProblem(t, a, 503, "not known yet", "")
	if a.Header.Get("Retry-After") == "" ||
		a.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
		t.Error("it has no Retry-After")
	}
}

// renewalRequest is a POST /video/renew for fasthttp.
func renewalRequest(body string) *fasthttp.Request {
	r := newRequest([]byte(body))
	r.SetRequestURI("/video/renew")
	return r
}
