package server

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/uri"
	"videotoken/token"
)

// FuzzVerify asks about any URI for any client: the answer is 200, 401 or 403, and it is 200 only
// for what the token package accepts, with the one spelling of its path.
func FuzzVerify(f *testing.F) {
	for _, original := range []string{edgeExact, edgeBelow, edgeBound, edgeBound6, edgeSession,
		edgeFilm, "", "*", "http://host" + edgeExact, "//host" + edgeExact, edgeExact + "&x=%zz",
		edgeBelow + "?{é"} {
		f.Add(original, "203.0.113.7", "", false)
		f.Add(original, "", "2001:db8::7, [fd00::1]:80, 10.0.0.1:80", true)
	}
	settings := edgeSettings(f)
	byRealIP, _ := edgeServer(f, edgeNow, settings)
	settings.ClientAddress = XForwardedFor
	byList, _ := edgeServer(f, edgeNow, settings)
	c := byRealIP.state.Load().verifier.lookup([]byte("one"))
	f.Fuzz(func(t *testing.T, original, realIP, forwardedFor string, list bool) {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.Header.SetRequestURI("/verify/auth-request/one")
		req.Header.Set("X-Original-URI", original)
		if realIP != "" {
			req.Header.Set("X-Real-IP", realIP)
		}
		if forwardedFor != "" {
			req.Header.Set("X-Forwarded-For", forwardedFor)
		}
		ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		s := byRealIP
		if list {
			s = byList
		}
		s.Handler(&ctx)
		reason, path := string(ctx.Response.Header.Peek("X-Token-Reason")),
			ctx.Response.Header.Peek("X-Token-Path")
		switch status := ctx.Response.StatusCode(); status {
		case 200:
			sent := req.Header.Peek("X-Original-URI") // fasthttp makes line feeds spaces
			bare, _ := uri.Cut(path, '?')
			if !uri.IsServed(bare) || reason != "" {
				t.Fatalf("%q is accepted as %q", sent, path)
			}
			_, err := c.Verify(token.Request{URI: sent, Now: edgeNow, Leeway: 10})
			if err != nil && err != token.ErrIP {
				t.Fatalf("%q is accepted: %v", sent, err)
			}
		case 401, 403:
			if reason == "" || len(path) > 0 || (status == 401) != (reason == "missing") {
				t.Fatalf("%q: %d %q %q", original, status, reason, path)
			}
		default:
			t.Fatalf("%q: %d", original, status)
		}
	})
}
