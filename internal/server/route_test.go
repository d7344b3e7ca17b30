package server

import (
	"testing"
)

// TestMethods asks with methods and forms of the target that no route serves.
func TestMethods(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		c := edgeSettings(t)
		c.Transport = transport
		_, addr := edgeServer(t, edgeNow, c)
		for _, c := range []struct {
			method, target string
			status         int
			allow          string
		}{
			{"CONNECT", "videotoken:3002", 405, allowAny},
			{"CONNECT", "/video/token", 405, allowAny},
			{"CONNECT", "/verify/auth-request/one", 405, allowAny},
			{"CONNECT", "/nowhere", 405, allowAny},
			{"CONNECT", "http://videotoken/healthz", 405, allowAny},
			{"GET", "/video/token", 405, "OPTIONS, POST"},
			{"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
			{"DELETE", "/readyz", 405, "GET, HEAD, OPTIONS"},
			{"OPTIONS", "/readyz", 204, "GET, HEAD, OPTIONS"},
			{"OPTIONS", "*", 204, allowAny},
			{"GET", "http://videotoken/healthz", 200, ""},
			{"GET", "HTTPS://videotoken:443/readyz?x=http://y/", 200, ""},
			{"GET", "http://videotoken/healthz/../video/token", 404, ""},
			{"GET", "http://videotoken", 404, ""},
			{"GET", "http://videotoken?/healthz", 404, ""},
			{"GET", "http:///healthz", 404, ""},
			{"GET", "http://user@videotoken/healthz", 404, ""},
			{"GET", "ftp://videotoken/healthz", 404, ""},
			{"GET", "healthz", 404, ""},
		} {
			res, _ := edgeAsk(t, addr, c.method, c.target, "Content-Length: 0")
			if res.StatusCode != c.status && !(c.status == 404 && res.StatusCode == 400) ||
				res.Header.Get("Allow") != c.allow {
				t.Errorf("%s: %s %s: %d, Allow: %q; want %d, %q", transport, c.method, c.target, res.StatusCode,
					res.Header["Allow"], c.status, c.allow)
			}
		}
	}
}

// TestReady asks for the service's health on its own port, before it drains and then.
func TestReady(t *testing.T) {
	s, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for _, path := range []string{"/healthz", "/readyz"} {
		if res, body := edgeAsk(t, addr, "GET", path); res.StatusCode != 200 || body != "ok\n" ||
			res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %q", path, res.StatusCode, res.Header, body)
		}
	}
	s.draining.Store(true)
	if res, body := edgeAsk(t, addr, "GET", "/readyz"); res.StatusCode != 503 ||
		res.Header.Get("Content-Type") != problemType || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("/readyz of a server that drains: %d %v %q", res.StatusCode, res.Header, body)
	}
	if res, _ := edgeAsk(t, addr, "GET", "/healthz"); res.StatusCode != 200 {
		t.Errorf("/healthz of a server that drains: %d", res.StatusCode)
	}
}

// TestUnsupportedMedia shows that a 415 says what would be taken.
func TestUnsupportedMedia(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for _, header := range [][]string{
		{"Content-Type: text/plain"},
		{},
		{"Content-Type: application/json", "Content-Encoding: gzip"},
	} {
		res, _ := edgeAsk(t, addr, "POST", "/video/token", append(header, "Content-Length: 0")...)
		if res.StatusCode != 415 || res.Header.Get("Accept") != "application/json" ||
			res.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%q: %d %v", header, res.StatusCode, res.Header)
		}
	}
}
