package systemtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"videotoken/internal/caller"
)

const (
	isJSON   = "Content-Type: application/json"
	fromPage = "Origin: https://player.example.com"
)

// newKey makes an API key, and its hash.
func newKey(t *testing.T) (key, hash string) {
	t.Helper()
	key, err := caller.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, caller.HashOf([]byte(key)).String()
}

// TestOpenAPI: docs/openapi.yaml says what requests there are and what is answered, of real
// services and over real sockets: no more and no less.
func TestOpenAPI(t *testing.T) {
	c := readContract(t)
	t.Run("closed", func(t *testing.T) { closed(t, c) })
	t.Run("open", func(t *testing.T) { open(t, c) })
	t.Run("without Redis", func(t *testing.T) { unloaded(t, c) })
	if !t.Failed() {
		c.finish(t)
	}
}

// closed asks a service that asks who asks.
func closed(t *testing.T, c *contract) {
	key, hash := newKey(t)
	adminKey, adminHash := newKey(t)
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	configuration := fmt.Sprintf(`
admin_key: "%s"
callers: [{name: catalogue, hash: "%s", paths: ["/films/"]}]
revocations: {file: revoked}
cors: {origins: ["https://player.example.com"], credentials: true}
trusted_proxies: ["127.0.0.1"]
drain: 1h
cdns:
  - {name: a, url: "https://a.example", keys: [{id: 1, secret: %q}]}
  - {name: moving, url: "https://moving.example", enforce: false, weight: 0, keys: [{id: 2, secret: %q}]}
  - {name: ak, url: "https://ak.example.com", scheme: akamai, cookies: {domain: example.com}, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]}
`, adminHash, hash, secret(1), secret(2))
	put(t, file, configuration)
	p := start(t, "-config", file)
	bearer, adminBearer := "Authorization: Bearer "+key, "Authorization: Bearer "+adminKey
	service := func(method, path string, status int, body string, headers ...string) string {
		t.Helper()
		return c.do(t, p.addr, false,
			call{method: method, path: path, body: body, headers: headers, status: status})
	}
	invalid := func(method, path string, status int, body string, headers ...string) {
		t.Helper()
		c.do(t, p.addr, false, call{method, path, body, headers, status, true})
	}

	const film = `{"video":{"videoId":1,"title":"A","sources":[{"src":"/films/a.mp4","size":1080,"type":"video/mp4"}]}`
	all := fmt.Sprintf(`,"token":{"ttl":600,"notBefore":1790000000,"ip":"127.0.0.0/8","session":"%s","renew":3600,"cdn":"a","exclude":["ak"]}}`,
		session)
	signed := service("POST", "/video/token", 200, film+all, isJSON, bearer, fromPage)
	service("POST", "/video/token", 200,
		`{"video":{"sources":[{"src":"/films/a/b.m3u8"}]},"token":{"cdn":"ak","scope":"/films/"}}`,
		isJSON, bearer)
	service("POST", "/video/token", 200,
		`{"videos":[{"sources":[{"src":"/films/a.mp4"}]},{"sources":[{"src":"/films/b.mp4"}]}]}`, isJSON,
		bearer)
	service("POST", "/video/token", 400, `{"video":{"sources":[{"src":"films/a.mp4"}]}}`, isJSON,
		bearer, fromPage)
	for _, body := range []string{
		`{"video":{"sources":[{"src":1}]}}`, `{"video":{"sources":[]}}`, `{"video":[]}`,
		`{"video":{},"videos":[]}`, `{"videos":{}}`, `{}`, `[]`, `{"video"`,
		`{"video":{"sources":[{}]}}`, `{"video":{"sources":[{"src":"/films/a.mp4","type":1}]}}`,
		film + `,"token":{"tll":600}}`, film + `,"token":{"ttl":0}}`, film + `,"token":{"ttl":"600"}}`,
		film + `,"token":{"notBefore":-1}}`, film + `,"token":{"ip":1}}`,
		film + `,"token":{"session":"short"}}`, film + `,"token":{"renew":1.5}}`,
		film + `,"token":{"scope":1}}`, film + `,"token":{"cdn":1}}`, film + `,"token":{"exclude":"a"}}`,
	} {
		invalid("POST", "/video/token", 400, body, isJSON, bearer)
	}
	service("POST", "/video/token", 401, film+"}", isJSON, fromPage)
	service("POST", "/video/token", 401, film+"}", isJSON, "Authorization: Bearer "+adminKey)
	service("POST", "/video/token", 403, `{"video":{"sources":[{"src":"/other/a.mp4"}]}}`, isJSON,
		bearer, fromPage)
	invalid("POST", "/video/token", 413, strings.Repeat(" ", 100_000), isJSON, bearer, fromPage)
	invalid("POST", "/video/token", 415, film+"}", "Content-Type: text/plain", bearer, fromPage)

	url := regexp.MustCompile(`https://a\.example[^"]*`).FindString(signed)
	const client = "X-Real-IP: 127.0.0.1"
	service("POST", "/video/renew", 200, fmt.Sprintf(`{"url":%q}`, url), isJSON, fromPage, client)
	service("POST", "/video/renew", 200, fmt.Sprintf(`{"urls":[%q,%q]}`, url, url), isJSON, client)
	for _, body := range []string{`{}`, `{"url":1}`, `{"urls":[]}`, `{"urls":"a"}`,
		`{"url":"a","urls":["a"]}`, `{"uri":"a"}`} {
		invalid("POST", "/video/renew", 400, body, isJSON, fromPage)
	}
	service("POST", "/video/renew", 403, `{"url":"https://a.example/films/a.mp4"}`, isJSON, fromPage)
	plain := regexp.MustCompile(`https://a\.example[^"]*`).FindString(service("POST", "/video/token",
		200, film+`,"token":{"cdn":"a"}}`, isJSON, bearer))
	service("POST", "/video/renew", 403, fmt.Sprintf(`{"url":%q}`, plain), isJSON, fromPage)
	invalid("POST", "/video/renew", 413, strings.Repeat(" ", 100_000), isJSON, fromPage)
	invalid("POST", "/video/renew", 415, `{}`, fromPage)
	for _, path := range []string{"/video/token", "/video/renew"} {
		service("OPTIONS", path, 204, "", fromPage, "Access-Control-Request-Method: POST",
			"Access-Control-Request-Headers: content-type")
		service("OPTIONS", path, 204, "")
	}

	target := strings.TrimPrefix(url, "https://a.example")
	original := "X-Original-URI: " + target
	service("GET", "/verify/auth-request/a", 200, "", original, client)
	service("GET", "/verify/forward-auth/a", 200, "", "X-Forwarded-Uri: "+target, client)
	service("GET", "/verify/ingress-nginx/a", 200, "", "X-Original-URL: https://a.example"+target,
		client)
	service("GET", "/verify/auth-request/a", 401, "", "X-Original-URI: /films/a.mp4")
	service("GET", "/verify/auth-request/a", 403, "", "X-Original-URI: /other"+target)
	service("GET", "/verify/auth-request/a", 403, "", original, "X-Real-IP: 10.0.0.1")
	service("GET", "/verify/auth-request/a", 403, "")
	service("GET", "/verify/auth-request/moving", 200, "", original)
	service("GET", "/verify/auth-request/moving", 200, "", "X-Original-URI: /films/a.mp4")
	service("GET", "/verify/auth-request/ak", 404, "", original)
	invalid("GET", "/verify/nginx/a", 404, "", original)
	service("GET", "/verify/ext-authz/a"+target, 200, "", client)
	service("GET", "/verify/ext-authz/a/films/a.mp4", 401, "")
	service("GET", "/verify/ext-authz/a/other"+target, 403, "")
	service("GET", "/verify/ext-authz/b"+target, 404, "")

	operate(t, c, p, file, configuration, adminBearer)
	p.signal(t, syscall.SIGTERM)
	p.await(t, "INFO draining")
	service("GET", "/readyz", 503, "")
	service("HEAD", "/readyz", 503, "")
	c.do(t, p.admin, true, call{method: "GET", path: "/readyz", status: 503})
	c.do(t, p.admin, true, call{method: "HEAD", path: "/readyz", status: 503})
}

// operate asks the admin endpoints, and for the health of a service.
func operate(t *testing.T, c *contract, p *process, file, configuration, bearer string) {
	ask := func(method, path string, status int, body string, headers ...string) string {
		t.Helper()
		return c.do(t, p.admin, true,
			call{method: method, path: path, body: body, headers: headers, status: status})
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		for _, method := range []string{"GET", "HEAD"} {
			ask(method, path, 200, "")
			c.do(t, p.addr, false, call{method: method, path: path, status: 200})
		}
		c.do(t, p.addr, false, call{method: "OPTIONS", path: path, status: 204})
	}
	ask("GET", "/metrics", 200, "")
	ask("GET", "/metrics", 200, "", "Accept: application/openmetrics-text; version=1.0.0")
	ask("GET", "/version", 200, "")

	body := fmt.Sprintf(`{"session":%q}`, "ffeeddccbbaa9988")
	revoked := ask("POST", "/revoke", 200, body, isJSON, bearer)
	var entry struct{ Until int64 }
	if err := json.Unmarshal([]byte(revoked), &entry); err != nil {
		t.Error(err)
	}
	ask("POST", "/revoke", 200,
		fmt.Sprintf(`{"session":"%s","until":%d}`, "ffeeddccbbaa9988", entry.Until), isJSON, bearer)
	ask("POST", "/revoke", 400, `{"session":"ffeeddccbbaa9988","until":1}`, isJSON, bearer)
	for _, body := range []string{`{}`, `{"session":"short"}`,
		`{"session":"ffeeddccbbaa9988","until":"soon"}`, `{"session":"ffeeddccbbaa9988","more":1}`,
		`[]`} {
		c.do(t, p.admin, true, call{"POST", "/revoke", body, []string{isJSON, bearer}, 400, true})
	}
	ask("POST", "/revoke", 401, body, isJSON)
	ask("POST", "/revoke", 403, body, isJSON, bearer, "Host: evil.example")
	c.do(t, p.admin, true,
		call{"POST", "/revoke", strings.Repeat(" ", 5000), []string{isJSON, bearer}, 413, true})
	c.do(t, p.admin, true,
		call{"POST", "/revoke", body, []string{"Content-Type: text/plain", bearer}, 415, true})
	if list := ask("GET", "/revoked", 200, "", bearer); !strings.Contains(list, "ffeeddccbbaa9988") {
		t.Error(list)
	}
	ask("GET", "/revoked?since=1", 200, "", bearer)
	c.do(t, p.admin, true, call{"GET", "/revoked?since=x", "", []string{bearer}, 400, true})
	ask("GET", "/revoked", 401, "")
	ask("GET", "/revoked", 403, "", bearer, fromPage)

	ask("POST", "/reload", 200, "{}", isJSON, bearer)
	ask("POST", "/reload", 401, "{}", isJSON)
	ask("POST", "/reload", 403, "{}", isJSON, bearer, fromPage)
	c.do(t, p.admin, true,
		call{"POST", "/reload", "{}", []string{"Content-Type: text/plain", bearer}, 415, true})
	put(t, file, configuration+"balance: random\n")
	ask("POST", "/reload", 422, "{}", isJSON, bearer)
	put(t, file, configuration)

	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap",
		"/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1",
		"/debug/pprof/trace?seconds=0.01", "/debug/pprof/symbol"} {
		ask("GET", path, 200, "", bearer)
		ask("GET", path, 401, "")
		ask("GET", path, 403, "", bearer, fromPage)
	}
	c.do(t, p.admin, true, call{"GET", "/debug/pprof/nowhere", "", []string{bearer}, 404, true})
	c.raw(t, p.admin, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404)
	c.raw(t, p.admin, "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405)
}

// open asks a demonstration, and sends what no document can describe.
func open(t *testing.T, c *contract) {
	p := start(t)
	c.do(t, p.addr, false, call{method: "POST", path: "/video/token",
		body: `{"video":{"sources":[{"src":"/a.mp4"}]}}`, headers: []string{isJSON}, status: 200})
	c.do(t, p.admin, true, call{method: "POST", path: "/revoke", body: `{"session":"` + session + `"}`,
		headers: []string{isJSON}, status: 501})
	c.do(t, p.admin, true,
		call{method: "POST", path: "/reload", body: "{}", headers: []string{isJSON}, status: 422})
	for _, r := range []struct {
		text   string
		status int
	}{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		{"GET /video/token HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		{"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		{"CONNECT /verify/auth-request/cdn-1 HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		{"hello\r\n\r\n", 400},
		{"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n", 431},
		{"POST /video/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		{"GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n", 505},
	} {
		c.raw(t, p.addr, r.text, r.status)
	}
}

// unloaded asks a service that does not know yet which sessions are revoked.
func unloaded(t *testing.T, c *contract) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys("token: {renew: 1h}\n"+`revocations: {redis: "redis://127.0.0.1:1"}`, 1))
	p := start(t, "-config", file)
	target := signSession(t, file, session)
	c.do(t, p.addr, false,
		call{method: "POST", path: "/video/token",
			body:    `{"video":{"sources":[{"src":"/a.mp4"}]},"token":{"session":"` + session + `"}}`,
			headers: []string{isJSON}, status: 503})
	c.do(t, p.addr, false, call{method: "POST", path: "/video/renew", body: fmt.Sprintf(`{"url":%q}`,
		"https://a.example"+target), headers: []string{isJSON}, status: 503})
	c.do(t, p.addr, false, call{method: "GET", path: "/verify/auth-request/a",
		headers: []string{"X-Original-URI: " + target}, status: 503})
	c.do(t, p.addr, false, call{method: "GET", path: "/verify/ext-authz/a" + target, status: 503})
	c.do(t, p.admin, true, call{method: "POST", path: "/revoke", body: `{"session":"` + session + `"}`,
		headers: []string{isJSON}, status: 503})
	c.do(t, p.admin, true, call{method: "GET", path: "/revoked", status: 503})
}
