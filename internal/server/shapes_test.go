package server

import "testing"

// TestVerifyShapes has the questions that Envoy and Traefik ask, written from their documentation: Envoy's v3 API,
// extensions.filters.http.ext_authz.v3.HttpService, with path_prefix "/verify/ext-authz/one"; and Traefik's ForwardAuth
// with the address "/verify/forward-auth/one". deploy/README.md has the settings.
func TestVerifyShapes(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	// Host, Method, Path and Content-Length always go along; X-Forwarded-For is allowed by the settings. Envoy's HTTP
	// client appends its own address to that one.
	envoy := func(forwardedFor string) []string {
		return []string{"content-length: 0", "x-envoy-internal: true", "x-forwarded-for: " + forwardedFor, "x-envoy-expected-rq-timeout-ms: 2000"}
	}
	// Every header of the client's goes along, and Traefik's own in the place of what the client called so. The entry
	// point has already taken the client's X-Real-Ip away and written its own.
	traefik := func(uri, client string, more ...string) []string {
		return append([]string{"X-Forwarded-For: " + client, "X-Forwarded-Host: films.example", "X-Forwarded-Method: GET", "X-Forwarded-Port: 443",
			"X-Forwarded-Proto: https", "X-Forwarded-Server: edge-1", "X-Forwarded-Uri: " + uri, "X-Real-Ip: " + client,
			"User-Agent: player/1", "Accept-Encoding: gzip", "Range: bytes=0-1023"}, more...)
	}
	for _, c := range []struct {
		name, method, target string
		header               []string
		status               int
		reason, path         string
	}{
		{"Envoy", "GET", "/verify/ext-authz/one" + edgeBelow, envoy("203.0.113.7,10.0.0.9"), 200, "", "/hls/bbb/seg-1.ts"},
		{"Envoy, HEAD", "HEAD", "/verify/ext-authz/one" + edgeExact, envoy("203.0.113.7,10.0.0.9"), 200, "", edgeFilm},
		{"Envoy, bound to the client", "GET", "/verify/ext-authz/one" + edgeBound, envoy("203.0.113.7,10.0.0.9"), 200, "", edgeFilm},
		{"Envoy, bound to another", "GET", "/verify/ext-authz/one" + edgeBound, envoy("198.51.100.1,10.0.0.9"), 403, "signature", ""},
		{"Envoy, forged by the client", "GET", "/verify/ext-authz/one" + edgeBound, envoy("203.0.113.7,198.51.100.1,10.0.0.9"), 403, "signature", ""},
		{"Envoy, no token", "GET", "/verify/ext-authz/one" + edgeFilm, envoy("203.0.113.7,10.0.0.9"), 401, "missing", ""},
		{"Envoy, path not normalised", "GET", "/verify/ext-authz/one/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../x.ts", envoy("203.0.113.7"), 403, "path", ""},
		{"Envoy, out of its prefix", "GET", "/verify/ext-authz/one/../../auth-request/one", append(envoy("203.0.113.7"), "X-Original-URI: "+edgeExact), 401, "missing", ""},
		{"Traefik", "GET", "/verify/forward-auth/one", traefik(edgeBelow, "203.0.113.7"), 200, "", "/hls/bbb/seg-1.ts"},
		{"Traefik, bound to the client", "GET", "/verify/forward-auth/one", traefik(edgeBound, "203.0.113.7"), 200, "", edgeFilm},
		{"Traefik, bound to another", "GET", "/verify/forward-auth/one", traefik(edgeBound, "198.51.100.1"), 403, "signature", ""},
		{"Traefik, no token", "GET", "/verify/forward-auth/one", traefik(edgeFilm, "203.0.113.7"), 401, "missing", ""},
		{"Traefik, forged by the client", "GET", "/verify/forward-auth/one", traefik(edgeFilm, "203.0.113.7", "X-Original-Uri: "+edgeExact, "X_Forwarded_Uri: "+edgeExact), 401, "missing", ""},
		{"Traefik, forged past it", "GET", "/verify/forward-auth/one", traefik(edgeFilm, "203.0.113.7", "X-Forwarded-Uri: "+edgeExact), 403, "path", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, _ := edgeAsk(t, addr, c.method, c.target, c.header...)
			if h := res.Header; res.StatusCode != c.status || h.Get("X-Token-Reason") != c.reason || h.Get("X-Token-Path") != c.path {
				t.Errorf("%d %q %q; want %d %q %q", res.StatusCode, h.Get("X-Token-Reason"), h.Get("X-Token-Path"), c.status, c.reason, c.path)
			}
		})
	}
}
