package server

import (
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// TestVerifyShapes has the questions of edges that no test here runs, written from their
// documentation: Envoy's v3 API, extensions.filters.http.ext_authz.v3.HttpService, with path_prefix
// "/verify/ext-authz/one"; Traefik's ForwardAuth with the address "/verify/forward-auth/one"; and
// the location that ingress-nginx makes of auth-url (its template
// rootfs/etc/nginx/template/nginx.tmpl). deploy/README.md has the settings. All three pass the
// request on as it came: exact_requests is on.
func TestVerifyShapes(t *testing.T) {
	seven, _ := vectorKeys(t)
	c := edgeSettings(t)
	c.Signer = settingsFor(t, cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1,
		Keys: token.Keys{seven}, ExactRequests: true}).Signer
	_, byRealIP := edgeServer(t, edgeNow, c)
	c.ClientAddress = XForwardedFor
	_, byList := edgeServer(t, edgeNow, c)
	// Envoy always sends Host, Method, Path and Content-Length; the settings allow X-Forwarded-For.
	// Its HTTP client adds its own address to that one. client_address is x-forwarded-for.
	envoy := func(forwardedFor string) []string {
		return []string{"content-length: 0", "x-envoy-internal: true", "x-forwarded-for: " + forwardedFor,
			"x-envoy-expected-rq-timeout-ms: 2000"}
	}
	// Traefik sends every header of the client's, and its own in the place of the client's of the
	// same name. The entry point has replaced the client's X-Real-Ip with its own before.
	traefik := func(uri, client string, more ...string) []string {
		return append([]string{"X-Forwarded-For: " + client, "X-Forwarded-Host: films.example",
			"X-Forwarded-Method: GET", "X-Forwarded-Port: 443",
			"X-Forwarded-Proto: https", "X-Forwarded-Server: edge-1", "X-Forwarded-Uri: " + uri,
			"X-Real-Ip: " + client,
			"User-Agent: player/1", "Accept-Encoding: gzip", "Range: bytes=0-1023"}, more...)
	}
	// ingress-nginx sends every header of the client's too, but for those that it sets:
	// X-Original-URI is the client's, unless auth-method is set. X-Original-URL has the Host as the
	// client sent it.
	ingress := func(url, client string, more ...string) []string {
		return append([]string{"X-Request-ID: 0f2b", "X-Original-URL: " + url, "X-Original-Method: GET",
			"X-Sent-From: nginx-ingress-controller",
			"X-Real-IP: " + client, "X-Forwarded-For: " + client, "X-Auth-Request-Redirect: /",
			"User-Agent: player/1", "Accept: */*"}, more...)
	}
	const films = "https://films.example"
	clip := edgeFilm + "?end=30&token=" + signQuery(t, edgeFilm, "end=30", 0)
	for _, c := range []struct {
		name, method, target string
		header               []string
		status               int
		reason, path         string
	}{
		{"Envoy", "GET", "/verify/ext-authz/one" + edgeBelow, envoy("203.0.113.7,10.0.0.9"), 200, "",
			"/hls/bbb/seg-1.ts"},
		{"Envoy, HEAD", "HEAD", "/verify/ext-authz/one" + edgeExact, envoy("203.0.113.7,10.0.0.9"), 200,
			"", edgeFilm},
		{"Envoy, bound to the client", "GET", "/verify/ext-authz/one" + edgeBound,
			envoy("203.0.113.7,10.0.0.9"), 200, "", edgeFilm},
		{"Envoy, bound to another", "GET", "/verify/ext-authz/one" + edgeBound,
			envoy("198.51.100.1,10.0.0.9"), 403, "signature", ""},
		{"Envoy, forged by the client", "GET", "/verify/ext-authz/one" + edgeBound,
			envoy("203.0.113.7,198.51.100.1,10.0.0.9"), 403, "signature", ""},
		{"Envoy, no token", "GET", "/verify/ext-authz/one" + edgeFilm, envoy("203.0.113.7,10.0.0.9"), 401,
			"missing", ""},
		{"Envoy, path not normalised", "GET",
			"/verify/ext-authz/one/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../x.ts", envoy("203.0.113.7"),
			403, "path", ""},
		{"Envoy, out of its prefix", "GET", "/verify/ext-authz/one/../../auth-request/one",
			append(envoy("203.0.113.7"), "X-Original-URI: "+edgeExact), 401, "missing", ""},
		{"Envoy, a query that was signed", "GET", "/verify/ext-authz/one" + clip,
			envoy("203.0.113.7,10.0.0.9"), 200, "", edgeFilm + "?end=30"},
		{"Envoy, a query that the client added", "GET", "/verify/ext-authz/one" + clip + "&end=3600",
			envoy("203.0.113.7,10.0.0.9"), 403, "path", ""},
		{"Envoy, another method", "DELETE", "/verify/ext-authz/one" + edgeExact,
			envoy("203.0.113.7,10.0.0.9"), 200, "", edgeFilm},
		{"Traefik", "GET", "/verify/forward-auth/one", traefik(edgeBelow, "203.0.113.7"), 200, "",
			"/hls/bbb/seg-1.ts"},
		{"Traefik, bound to the client", "GET", "/verify/forward-auth/one",
			traefik(edgeBound, "203.0.113.7"), 200, "", edgeFilm},
		{"Traefik, bound to another", "GET", "/verify/forward-auth/one",
			traefik(edgeBound, "198.51.100.1"), 403, "signature", ""},
		{"Traefik, no token", "GET", "/verify/forward-auth/one", traefik(edgeFilm, "203.0.113.7"), 401,
			"missing", ""},
		{"Traefik, forged by the client", "GET", "/verify/forward-auth/one", traefik(edgeFilm,
			"203.0.113.7", "X-Original-Uri: "+edgeExact, "X_Forwarded_Uri: "+edgeExact), 401, "missing", ""},
		{"Traefik, forged past it", "GET", "/verify/forward-auth/one",
			traefik(edgeFilm, "203.0.113.7", "X-Forwarded-Uri: "+edgeExact), 403, "path", ""},
		{"Traefik, a query that was signed", "GET", "/verify/forward-auth/one",
			traefik(clip, "203.0.113.7"), 200, "", edgeFilm + "?end=30"},
		{"Traefik, a query that the client added", "GET", "/verify/forward-auth/one",
			traefik(clip+"&end=3600", "203.0.113.7"), 403, "path", ""},
		{"ingress-nginx", "GET", "/verify/ingress-nginx/one", ingress(films+edgeBelow, "203.0.113.7"),
			200, "", "/hls/bbb/seg-1.ts"},
		{"ingress-nginx, with a port", "GET", "/verify/ingress-nginx/one",
			ingress("http://films.example:8080"+edgeExact, "203.0.113.7"), 200, "", edgeFilm},
		{"ingress-nginx, bound to the client", "GET", "/verify/ingress-nginx/one",
			ingress(films+edgeBound, "203.0.113.7"), 200, "", edgeFilm},
		{"ingress-nginx, bound to another", "GET", "/verify/ingress-nginx/one",
			ingress(films+edgeBound, "198.51.100.1"), 403, "signature", ""},
		{"ingress-nginx, no token", "GET", "/verify/ingress-nginx/one",
			ingress(films+edgeFilm, "203.0.113.7"), 401, "missing", ""},
		{"ingress-nginx, forged by the client", "GET", "/verify/ingress-nginx/one",
			ingress(films+edgeFilm, "203.0.113.7", "X-Original-URI: "+edgeExact,
				"X-Forwarded-Uri: "+edgeExact), 401, "missing", ""},
		{"ingress-nginx, forged in the Host", "GET", "/verify/ingress-nginx/one",
			ingress("https://x"+edgeExact+"&x=films.example"+edgeFilm, "203.0.113.7"), 403, "path", ""},
		{"ingress-nginx, a query that was signed", "GET", "/verify/ingress-nginx/one",
			ingress(films+clip, "203.0.113.7"), 200, "", edgeFilm + "?end=30"},
		{"ingress-nginx, a query that the client added", "GET", "/verify/ingress-nginx/one",
			ingress(films+clip+"&end=3600", "203.0.113.7"), 403, "path", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := byRealIP
			if strings.HasPrefix(c.name, "Envoy") {
				addr = byList
			}
			res, _ := edgeAsk(t, addr, c.method, c.target, c.header...)
			if h := res.Header; res.StatusCode != c.status || h.Get("X-Token-Reason") != c.reason ||
				h.Get("X-Token-Path") != c.path {
				t.Errorf("%d %q %q; want %d %q %q", res.StatusCode, h.Get("X-Token-Reason"),
					h.Get("X-Token-Path"), c.status, c.reason, c.path)
			}
		})
	}
}
