package main

import (
	"net/netip"
	"strings"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"videotoken/token"
)

// TestOdd: whatever is not plainly a good question is answered with a denial, and never with an
// error.
func TestOdd(t *testing.T) {
	v := readVectors(t)
	p := newPair(t, v.configuration(t, []uint16{7}, trusting), edgeNow, "unix")
	sign := signer(t, v)
	good := "/films/a.mp4?token=" + sign("/films/a.mp4", token.Claims{})
	marked := "/films/a!.mp4?token=" + sign("/films/a!.mp4", token.Claims{})
	edit := func(path string,
		change func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest)) *auth.CheckRequest {
		q := question("one", "GET", path, "203.0.113.7", nil)
		change(q.Attributes, q.Attributes.Request.Http)
		return q
	}
	raw := func(path ...string) *core.HeaderMap {
		m := &core.HeaderMap{}
		for _, one := range path {
			m.Headers = append(m.Headers, &core.HeaderValue{Key: ":path", RawValue: []byte(one)})
		}
		return m
	}
	for _, c := range []struct {
		name   string
		q      *auth.CheckRequest
		status int
	}{
		{"good", edit(good, func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 200},
		{"good, no raw headers",
			edit(good, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.HeaderMap = nil
			}), 200},
		{"good, with a mark",
			edit(marked, func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 200},
		{"a mark that may have been another byte",
			edit(marked, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.HeaderMap = nil
			}), 403},
		{"a mark that was another byte", edit(marked,
			func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.HeaderMap = raw(strings.Replace(marked, "!", "\xff", 1))
			}), 403},
		{"another raw path",
			edit(good, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.HeaderMap = raw("/secret.mp4")
			}), 403},
		{"two raw paths",
			edit(good, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.HeaderMap = raw(good, good)
			}), 403},
		{"nothing", &auth.CheckRequest{}, 403},
		{"no request", edit(good, func(a *auth.AttributeContext, _ *auth.AttributeContext_HttpRequest) {
			a.Request = nil
		}), 403},
		{"no HTTP", edit(good, func(a *auth.AttributeContext, _ *auth.AttributeContext_HttpRequest) {
			a.Request = &auth.AttributeContext_Request{}
		}), 403},
		{"no method", edit(good, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
			r.Method = ""
		}), 403},
		{"no path", edit("", func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 403},
		{"a path without a slash",
			edit(good[1:], func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 403},
		{"an absolute URL", edit("http://films.example"+good,
			func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 403},
		{"a query of its own", edit(good,
			func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) { r.Query = "x" }), 403},
		{"a fragment of its own", edit(good,
			func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) { r.Fragment = "x" }), 403},
		{"a space in the path",
			edit(good+"&x= y", func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 403},
		{"a line feed in the path", edit(good+"\r\nX-Real-IP: 1",
			func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 403},
		{"the longest path", edit("/"+strings.Repeat("a", 60<<10),
			func(*auth.AttributeContext, *auth.AttributeContext_HttpRequest) {}), 401},
		{"no CDN", edit(good, func(a *auth.AttributeContext, _ *auth.AttributeContext_HttpRequest) {
			a.ContextExtensions = nil
		}), 404},
		{"a CDN with a slash", edit(good,
			func(a *auth.AttributeContext, _ *auth.AttributeContext_HttpRequest) {
				a.ContextExtensions["cdn"] = "one/films"
			}), 403},
		{"a CDN with a query", edit(good,
			func(a *auth.AttributeContext, _ *auth.AttributeContext_HttpRequest) {
				a.ContextExtensions["cdn"] = "one?x="
			}), 403},
		{"a method of its own",
			edit(good, func(_ *auth.AttributeContext, r *auth.AttributeContext_HttpRequest) {
				r.Method = "BREW\r\n"
			}), 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if g := p.check(t, c.q); g.status != c.status {
				t.Errorf("%v; want %d", g, c.status)
			}
		})
	}
}

// TestAddress: whose word for the client's address counts. The client is where Envoy's connection
// came from; a header counts if that is a proxy that is trusted, and nothing counts if Envoy is
// not.
func TestAddress(t *testing.T) {
	v := readVectors(t)
	bound := "/films/a.mp4?token=" +
		signer(t, v)("/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")})
	const list, own = "client_address: x-forwarded-for\n", "client_address: x-real-ip\n"
	const trusted, stranger = "trusted_proxies: [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n",
		"trusted_proxies: [\"10.0.0.0/8\"]\n"
	pairs := map[string]pair{}
	for _, c := range []struct {
		name, configuration, from string
		headers                   map[string]string
		status                    int
		reason                    string
	}{
		{"the client itself", trusted + own, "203.0.113.7", nil, 200, ""},
		{"the client itself, with a list", trusted + list, "203.0.113.7", nil, 200, ""},
		{"another client", trusted + own, "198.51.100.1", nil, 403, "signature"},
		{"forged by a client", trusted + own, "198.51.100.1",
			map[string]string{"x-real-ip": "203.0.113.7"}, 403, "signature"},
		{"forged by a client, in a list", trusted + list, "198.51.100.1",
			map[string]string{"x-forwarded-for": "203.0.113.7"}, 403, "signature"},
		{"by a proxy", trusted + own, "10.0.0.9", map[string]string{"x-real-ip": "203.0.113.7"}, 200, ""},
		{"by a proxy, in a list", trusted + list, "10.0.0.9",
			map[string]string{"x-forwarded-for": "198.51.100.1, 203.0.113.7,10.0.0.8"}, 200, ""},
		{"by a proxy, forged before it", trusted + list, "10.0.0.9",
			map[string]string{"x-forwarded-for": "203.0.113.7, 198.51.100.1"}, 403, "signature"},
		{"by a proxy, in the other header", trusted + own, "10.0.0.9",
			map[string]string{"x-forwarded-for": "203.0.113.7"}, 403, "ip"},
		{"by a proxy, twice", trusted + own, "10.0.0.9",
			map[string]string{"x-real-ip": "203.0.113.7,203.0.113.7"}, 403, "ip"},
		{"by a proxy that names nobody", trusted + own, "10.0.0.9", nil, 403, "ip"},
		{"no address", trusted + own, "", map[string]string{"x-real-ip": "203.0.113.7"}, 403, "ip"},
		{"an address that is none", trusted + own, "films.example",
			map[string]string{"x-real-ip": "203.0.113.7"}, 403, "ip"},
		{"an Envoy that is a stranger", stranger + own, "203.0.113.7",
			map[string]string{"x-real-ip": "203.0.113.7"}, 403, "signature"},
		{"a stranger that names a proxy", stranger + own, "10.0.0.9",
			map[string]string{"x-real-ip": "203.0.113.7"}, 403, "signature"},
	} {
		if pairs[c.configuration].client == nil {
			pairs[c.configuration] = newPair(t, v.configuration(t, []uint16{7}, c.configuration), edgeNow,
				"tcp")
		}
		p := pairs[c.configuration]
		t.Run(c.name, func(t *testing.T) {
			q := question("one", "GET", bound, c.from, c.headers)
			if g := p.check(t, q); g.status != c.status || g.headers["x-token-reason"] != c.reason {
				t.Errorf("%v; want %d %s", g, c.status, c.reason)
			}
			http := q.Attributes.Request.Http
			for name, value := range http.Headers { // as they come with encode_raw_headers
				for one := range strings.SplitSeq(value, ",") {
					http.HeaderMap.Headers = append(http.HeaderMap.Headers,
						&core.HeaderValue{Key: name, RawValue: []byte(strings.TrimSpace(one))})
				}
			}
			http.Headers = nil
			if g := p.check(t, q); g.status != c.status || g.headers["x-token-reason"] != c.reason {
				t.Errorf("raw: %v; want %d %s", g, c.status, c.reason)
			}
		})
	}
	// Two of a header that may stand once are refused for every token, as over HTTP.
	free := "/films/a.mp4?token=" + signer(t, v)("/films/a.mp4", token.Claims{})
	q := question("one", "GET", free, "10.0.0.9",
		map[string]string{"x-real-ip": "203.0.113.7, 203.0.113.7"})
	if g := pairs[trusted+own].check(t, q); g.status != 403 || g.headers["x-token-reason"] != "ip" {
		t.Errorf("two of X-Real-IP: %v", g)
	}
}
