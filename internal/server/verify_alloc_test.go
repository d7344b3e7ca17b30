//go:build !race

package server

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestVerifyAllocations is not for the race detector, under which a sync.Pool drops what it holds at random.
func TestVerifyAllocations(t *testing.T) {
	s, _ := edgeServer(t, edgeNow, edgeSettings(t))
	for _, c := range []struct {
		name, target string
		header       []string
		status       int
	}{
		{"auth-request", "/verify/auth-request/one", []string{"X-Original-URI", edgeExact}, 200},
		{"forward-auth", "/verify/forward-auth/one", []string{"X-Forwarded-Uri", edgeBelow, "X-Forwarded-For", "203.0.113.7, 10.0.0.1"}, 200},
		{"ext-authz", "/verify/ext-authz/one" + edgeBelow, nil, 200},
		{"address", "/verify/auth-request/one", []string{"X-Original-URI", edgeBound, "X-Real-IP", "203.0.113.7"}, 200},
		{"IPv6 address", "/verify/auth-request/one", []string{"X-Original-URI", edgeBound6, "X-Forwarded-For", "2001:0db8:0000:0000:ffff:ffff:ffff:ffff"}, 200},
		{"session", "/verify/auth-request/one", []string{"X-Original-URI", edgeSession}, 200},
		{"no token", "/verify/auth-request/one", []string{"X-Original-URI", edgeFilm}, 401},
		{"forged", "/verify/auth-request/one", []string{"X-Original-URI", edgeExact[:len(edgeExact)-1] + "d"}, 403},
		{"no URI", "/verify/auth-request/one", nil, 403},
	} {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.Header.SetRequestURI(c.target)
		for i := 0; i < len(c.header); i += 2 {
			req.Header.Set(c.header[i], c.header[i+1])
		}
		ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		if n := testing.AllocsPerRun(1000, func() {
			ctx.Response.Reset()
			s.Handler(&ctx)
			if ctx.Response.StatusCode() != c.status {
				t.Fatalf("%s: %d", c.name, ctx.Response.StatusCode())
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
