//go:build !race

package server

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
)

// TestVerifyAllocations is not for the race detector, under which a sync.Pool drops what it
// holds at random.
func TestVerifyAllocations(t *testing.T) {
	settings := edgeSettings(t)
	byRealIP, _ := edgeServer(t, edgeNow, settings)
	settings.ClientAddress = XForwardedFor
	byList, _ := edgeServer(t, edgeNow, settings)
	exact, _ := oneCDN(t, cdn.CDN{ExactRequests: true})
	reporting, _ := oneCDN(t, cdn.CDN{ReportOnly: true})
	for _, c := range []struct {
		name   string
		server *Server
		target string
		header []string
		status int
	}{
		{"auth-request", byRealIP, "/verify/auth-request/one", []string{"X-Original-URI", edgeExact},
			200},
		{"forward-auth", byList, "/verify/forward-auth/one",
			[]string{"X-Forwarded-Uri", edgeBelow, "X-Forwarded-For", "203.0.113.7, 10.0.0.1"}, 200},
		{"ext-authz", byRealIP, "/verify/ext-authz/one" + edgeBelow, nil, 200},
		{"address", byRealIP, "/verify/auth-request/one",
			[]string{"X-Original-URI", edgeBound, "X-Real-IP", "203.0.113.7"}, 200},
		{"IPv6 address", byList, "/verify/auth-request/one", []string{"X-Original-URI", edgeBound6,
			"X-Forwarded-For", "2001:0db8:0000:0000:ffff:ffff:ffff:ffff"}, 200},
		{"ingress-nginx", byRealIP, "/verify/ingress-nginx/one",
			[]string{"X-Original-URL", "https://films.example" + edgeExact}, 200},
		{"exact", exact, "/verify/auth-request/one", []string{"X-Original-URI", edgeBelow}, 200},
		{"would be refused", reporting, "/verify/auth-request/one",
			[]string{"X-Original-URI", edgeFilm + "?token="}, 200},
		{"session", byRealIP, "/verify/auth-request/one", []string{"X-Original-URI", edgeSession}, 200},
		{"no token", byRealIP, "/verify/auth-request/one", []string{"X-Original-URI", edgeFilm}, 401},
		{"forged", byRealIP, "/verify/auth-request/one",
			[]string{"X-Original-URI", edgeExact[:len(edgeExact)-1] + "d"}, 403},
		{"no URI", byRealIP, "/verify/auth-request/one", nil, 403},
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
			c.server.Handler(&ctx)
			if ctx.Response.StatusCode() != c.status {
				t.Fatalf("%s: %d", c.name, ctx.Response.StatusCode())
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
