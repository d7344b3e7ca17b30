package e2e

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// edges are the programs that the table of cases is run with. All but the worker ask the service.
var edges = []string{"nginx", "caddy", "haproxy", "worker"}

// sign makes a token of an edge's CDN for a path.
func sign(t *testing.T, e *stack.Edge, path string, claims token.Claims) string {
	t.Helper()
	if claims.Expiry == 0 {
		claims.Expiry = uint32(time.Now().Unix()) + 3600
	}
	p, err := token.Canonical(nil, []byte(path))
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.Key.Append(nil, &claims, p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEdge(t *testing.T) {
	for _, name := range edges {
		t.Run(name, func(t *testing.T) {
			origin := newNaive()
			s := up(t, stack.Options{Origin: origin, Edges: []string{name}, Player: "http://player.example", Other: true})
			e := s.Edges[name]
			t.Run("cases", func(t *testing.T) { testCases(t, s, e, origin) })
			t.Run("paths", func(t *testing.T) { testPaths(t, s, e, origin) })
			if name == "nginx" || name == "haproxy" {
				t.Run("cache", func(t *testing.T) { testCache(t, e, origin) })
			}
			if name != "worker" {
				t.Run("keepalive", func(t *testing.T) { testKeepalive(t, s, e) })
				t.Run("service down", func(t *testing.T) { testDown(t, s, e) })
			}
		})
	}
}

// check asserts what holds of every answer: nothing but what was verified was served.
func check(t *testing.T, s *stack.Stack, e *stack.Edge, a answer, asked []stack.Exchange, served []string) {
	t.Helper()
	for _, target := range served {
		if strings.Contains(target, "token=") || strings.Contains(target, "~") {
			t.Errorf("the token went to the origin: %s", target)
		}
		if e.Name == "worker" {
			continue // it verifies and fetches one and the same string; there is nobody in between
		}
		if !slices.ContainsFunc(asked, func(x stack.Exchange) bool { return x.Status == 200 && same(x.Path, target) }) {
			t.Errorf("served %s, which was not verified: %+v", target, asked)
		}
	}
	if len(asked) > 1 {
		t.Errorf("the service was asked %d times: %+v", len(asked), asked)
	}
	if bytes.Contains(a.body, []byte("secret")) && bytes.HasPrefix(a.body, []byte("/")) {
		t.Errorf("served the secret file: %.40q", a.body)
	}
}

// same reports whether two targets are the same path and query: Caddy spells some letters of a path its own way.
func same(a, b string) bool {
	pathA, queryA, _ := strings.Cut(a, "?")
	pathB, queryB, _ := strings.Cut(b, "?")
	canonicalA, errA := token.Canonical(nil, []byte(pathA))
	canonicalB, errB := token.Canonical(nil, []byte(pathB))
	return errA == nil && errB == nil && bytes.Equal(canonicalA, canonicalB) && queryA == queryB
}

func testCases(t *testing.T, s *stack.Stack, e *stack.Edge, origin *naive) {
	now := uint32(time.Now().Unix())
	a := sign(t, e, "/films/a.mp4", token.Claims{})
	dir := sign(t, e, "/hls/bbb/master.m3u8", token.Claims{Depth: 2})
	expired := sign(t, e, "/films/a.mp4", token.Claims{Expiry: now - 3600})
	notYet := sign(t, e, "/films/a.mp4", token.Claims{Expiry: now + 7200, NotBefore: now + 3600})
	elsewhere := sign(t, s.Other(), "/films/a.mp4", token.Claims{})
	here := sign(t, e, "/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("127.0.0.1/32")})
	away := sign(t, e, "/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")})
	tampered := a[:20] + string("AB"[strings.IndexByte("A", a[20])+1]) + a[21:] // another letter in the tag
	for _, c := range []struct {
		name, method, target string
		header               []string
		status               int
		reason               string
		body                 []byte
	}{
		{name: "good, in the query", target: "/films/a.mp4?token=" + a, body: film("/films/a.mp4")},
		{name: "good, in the path", target: "/~" + a + "/films/a.mp4", body: film("/films/a.mp4")},
		{name: "good, manifest", target: "/~" + dir + "/hls/bbb/master.m3u8", body: film("/hls/bbb/master.m3u8")},
		{name: "good, segment below", target: "/~" + dir + "/hls/bbb/720p/seg-1.ts", body: film("/hls/bbb/720p/seg-1.ts")},
		{name: "good, other parameters", target: "/films/a.mp4?x=%20&token=" + a + "&y", body: film("/films/a.mp4")},
		{name: "good, encoded space", target: "/films/my%20film%2B1.mp4?token=" + sign(t, e, "/films/my film+1.mp4", token.Claims{}), body: film("/films/my film+1.mp4")},
		{name: "good, encoded comma", target: "/films/a%2Cb.mp4?token=" + sign(t, e, "/films/a,b.mp4", token.Claims{}), body: film("/films/a,b.mp4")},
		{name: "good, marks", target: "/films/(b)!*'$&+.mp4?token=" + sign(t, e, "/films/(b)!*'$&+.mp4", token.Claims{}), body: film("/films/(b)!*'$&+.mp4")},
		{name: "good, UTF-8", target: "/vid%C3%A9os/%c3%a9t%C3%A9.mp4?token=" + sign(t, e, "/vidéos/été.mp4", token.Claims{}), body: film("/vidéos/été.mp4")},
		{name: "no token", target: "/films/a.mp4", status: 401, reason: "missing"},
		{name: "no token, other parameters", target: "/films/a.mp4?tokens=" + a, status: 401, reason: "missing"},
		{name: "two tokens", target: "/films/a.mp4?token=" + a + "&token=" + a, status: 403, reason: "ambiguous"},
		{name: "tampered", target: "/films/a.mp4?token=" + tampered, status: 403, reason: "signature"},
		{name: "cut short", target: "/films/a.mp4?token=" + a[:31], status: 403, reason: "malformed"},
		{name: "of another path", target: "/films/a,b.mp4?token=" + a, status: 403, reason: "signature"},
		{name: "expired", target: "/films/a.mp4?token=" + expired, status: 403, reason: "expired"},
		{name: "not yet", target: "/films/a.mp4?token=" + notYet, status: 403, reason: "not-yet"},
		{name: "of another CDN", target: "/films/a.mp4?token=" + elsewhere, status: 403, reason: "unknown-key"},
		{name: "sibling directory", target: "/~" + dir + "/hls/bbb2/seg-1.ts", status: 403, reason: "signature"},
		{name: "parent directory", target: "/~" + dir + "/hls/x.ts", status: 403, reason: "signature"},
		{name: "HEAD", method: "HEAD", target: "/films/a.mp4?token=" + a, body: []byte{}},
		{name: "HEAD without a token", method: "HEAD", target: "/films/a.mp4", status: 401, reason: "missing"},
		{name: "range", target: "/films/a.mp4?token=" + a, header: []string{"Range: bytes=1048570-1048589"}, status: 206, body: film("/films/a.mp4")[1048570:1048590]},
		{name: "range to the end", target: "/films/a.mp4?token=" + a, header: []string{"Range: bytes=3000000-"}, status: 206, body: film("/films/a.mp4")[3000000:]},
		{name: "range without a token", target: "/films/a.mp4", header: []string{"Range: bytes=0-9"}, status: 401, reason: "missing"},
		{name: "range of an expired token", target: "/films/a.mp4?token=" + expired, header: []string{"Range: bytes=0-9"}, status: 403, reason: "expired"},
		{name: "bound to the client's address", target: "/films/a.mp4?token=" + here, header: platform(e, "127.0.0.1"), body: film("/films/a.mp4")},
		{name: "bound to another address", target: "/films/a.mp4?token=" + away, header: platform(e, "127.0.0.1"), status: 403, reason: "signature"},
		{name: "forged addresses", target: "/films/a.mp4?token=" + away, status: 403, reason: "signature",
			header: append(platform(e, "127.0.0.1"), "X-Real-IP: 203.0.113.7", "X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X_Real_IP: 203.0.113.7", "True-Client-IP: 203.0.113.7")},
		{name: "forged original URIs", target: "/films/a.mp4", status: 401, reason: "missing",
			header: []string{"X-Original-URI: /films/a.mp4?token=" + a, "X-Forwarded-Uri: /films/a.mp4?token=" + a, "X_Original_URI: /films/a.mp4?token=" + a, "X-Original-URL: /films/a.mp4?token=" + a}},
		{name: "forged answers", target: "/films/a.mp4", status: 401, reason: "missing", header: []string{"X-Token-Path: /secret/x.ts", "X-Token-Reason:"}},
		{name: "forged answer beside a token", target: "/films/a.mp4?token=" + a, header: []string{"X-Token-Path: /secret/x.ts"}, body: film("/films/a.mp4")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.Recorder.Take()
			origin.take()
			if c.method == "" {
				c.method = "GET"
			}
			if c.status == 0 {
				c.status = 200
			}
			got := ask(t, e.Addr, c.method, c.target, c.header...)
			if got.status != c.status || got.header.Get("X-Token-Reason") != c.reason {
				t.Fatalf("answered %v; want %d %s", got, c.status, c.reason)
			}
			if c.body != nil && !bytes.Equal(got.body, c.body) {
				t.Errorf("%d bytes, %.40q; want %d bytes, %.40q", len(got.body), got.body, len(c.body), c.body)
			}
			if origin := got.header.Get("Access-Control-Allow-Origin"); origin != "http://player.example" {
				t.Errorf("pages of %q may read this", origin)
			}
			asked := s.Recorder.Take()
			if e.Name != "worker" && len(asked) != 1 {
				t.Errorf("the service was asked %d times", len(asked))
			}
			check(t, s, e, got, asked, origin.take())
		})
	}
}

// platform is the header in which a CDN tells its worker the client's address, which a client cannot write there.
func platform(e *stack.Edge, addr string) []string {
	if e.Name == "worker" {
		return []string{"CF-Connecting-IP: " + addr}
	}
	return nil
}

// testCache shows that a file under two tokens is one entry.
func testCache(t *testing.T, e *stack.Edge, origin *naive) {
	const name = "/hls/bbb/720p/seg-1.ts"
	first, second := sign(t, e, name, token.Claims{}), sign(t, e, name, token.Claims{Depth: 3})
	for i, target := range []string{name + "?token=" + first, name + "?token=" + second, "/~" + first + name, "/~" + second + name} {
		got := ask(t, e.Addr, "GET", target)
		if got.status != 200 || !bytes.Equal(got.body, film(name)) {
			t.Fatalf("answered %v", got)
		}
		if served := origin.take(); i > 0 && len(served) > 0 {
			t.Errorf("%s was fetched again: %q", target, served)
		}
	}
	if got := ask(t, e.Addr, "GET", name); got.status != 401 {
		t.Errorf("answered %v from its cache without a token", got)
	}
}

// testKeepalive shows that a question costs no handshake.
func testKeepalive(t *testing.T, s *stack.Stack, e *stack.Edge) {
	before := s.Recorder.Connections()
	s.Recorder.Take()
	target := "/hls/x.ts?token=" + sign(t, e, "/hls/x.ts", token.Claims{})
	const n = 50
	for range n {
		if got := ask(t, e.Addr, "HEAD", target); got.status != 200 {
			t.Fatalf("answered %v", got)
		}
	}
	asked, opened := len(s.Recorder.Take()), s.Recorder.Connections()-before
	t.Logf("%d requests to %s: %d to the service, on %d new connections", n, e.Name, asked, opened)
	if asked != n || opened > 4 {
		t.Errorf("%d requests to %s: %d to the service, on %d new connections", n, e.Name, asked, opened)
	}
}

// testDown shows that without the service there is no content, and that it comes back by itself.
func testDown(t *testing.T, s *stack.Stack, e *stack.Edge) {
	target := "/films/a.mp4?token=" + sign(t, e, "/films/a.mp4", token.Claims{})
	if got := ask(t, e.Addr, "GET", target); got.status != 200 {
		t.Fatalf("answered %v before", got)
	}
	s.StopService()
	for _, target := range []string{target, "/films/a.mp4"} {
		if got := ask(t, e.Addr, "GET", target); got.status < 500 || bytes.Contains(got.body, film("/films/a.mp4")[:100]) {
			t.Errorf("answered %v without the service", got)
		} else {
			t.Logf("%s answered %v without the service", e.Name, got)
		}
	}
	if err := s.StartService(); err != nil {
		t.Fatal(err)
	}
	var got answer
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline) && got.status != 200; time.Sleep(50 * time.Millisecond) {
		got = ask(t, e.Addr, "GET", target)
	}
	if got.status != 200 {
		t.Errorf("answered %v with the service back", got)
	}
}
