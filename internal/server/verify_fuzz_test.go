package server

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// FuzzVerify asks about any URI for any client: the answer is 200, 401 or 403, and 200 only for what the token package
// accepts, with a path that has one reading.
func FuzzVerify(f *testing.F) {
	for _, uri := range []string{edgeExact, edgeBelow, edgeBound, edgeBound6, edgeSession, edgeFilm, "", "*", "http://host" + edgeExact, "//host" + edgeExact, edgeExact + "&x=%zz"} {
		f.Add(uri, "203.0.113.7", "")
		f.Add(uri, "", "2001:db8::7, 10.0.0.1")
	}
	s, _ := edgeServer(f, edgeNow, edgeSettings(f))
	c := s.state.Load().verifier.lookup([]byte("one"))
	f.Fuzz(func(t *testing.T, uri, realIP, forwardedFor string) {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.Header.SetRequestURI("/verify/auth-request/one")
		req.Header.Set("X-Original-URI", uri)
		if realIP != "" {
			req.Header.Set("X-Real-IP", realIP)
		}
		if forwardedFor != "" {
			req.Header.Set("X-Forwarded-For", forwardedFor)
		}
		ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		s.Handler(&ctx)
		reason, path := string(ctx.Response.Header.Peek("X-Token-Reason")), ctx.Response.Header.Peek("X-Token-Path")
		switch status := ctx.Response.StatusCode(); status {
		case 200:
			sent := req.Header.Peek("X-Original-URI") // fasthttp makes line feeds spaces
			bare, _ := splitAt(path, '?')
			if _, err := token.Canonical(nil, bare); err != nil || !cdn.IsTarget(sent) || reason != "" {
				t.Fatalf("%q is accepted as %q: %v", sent, path, err)
			}
			_, err := c.Keys.Verify(token.Request{URI: sent, Now: edgeNow, Leeway: 10})
			if err != nil && err != token.ErrIP {
				t.Fatalf("%q is accepted: %v", sent, err)
			}
		case 401, 403:
			if reason == "" || len(path) > 0 || (status == 401) != (reason == "missing") {
				t.Fatalf("%q: %d %q %q", uri, status, reason, path)
			}
		default:
			t.Fatalf("%q: %d", uri, status)
		}
	})
}
