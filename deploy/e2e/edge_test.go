package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// edges are the programs that run the table of cases. All but the worker ask the service.
var edges = []string{"nginx", "caddy", "haproxy", "worker"}

// sign makes a token of an edge's CDN for a path and the query that it may have.
func sign(t *testing.T, e *stack.Edge, uri string, claims token.Claims) string {
	t.Helper()
	if claims.Expiry == 0 {
		claims.Expiry = uint32(time.Now().Unix()) + 3600
	}
	path, query, found := bytes.Cut([]byte(uri), []byte("?"))
	if !found {
		query = nil
	}
	p, err := token.Canonical(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.Key.Append(nil, &claims, p, query)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEdge(t *testing.T) {
	for _, name := range edges {
		t.Run(name, func(t *testing.T) { testEdge(t, name, false) })
		if name != "worker" {
			t.Run(name+" over a Unix socket", func(t *testing.T) { testEdge(t, name, true) })
		}
	}
}

// testEdge runs the table of cases over TCP or a Unix socket.
func testEdge(t *testing.T, name string, unix bool) {
	origin := newNaive()
	s := up(t, stack.Options{Origin: origin, Edges: []string{name}, Player: playerOrigin, Other: true,
		Unix: unix})
	e := s.Edges[name]
	t.Run("cases", func(t *testing.T) { testCases(t, s, e, origin) })
	t.Run("paths", func(t *testing.T) { testPaths(t, s, e, origin) })
	if name == "nginx" || name == "haproxy" {
		t.Run("cache", func(t *testing.T) { testCache(t, s, e, origin) })
	}
	if name != "worker" {
		t.Run("unverified", func(t *testing.T) { testUnverified(t, s, e, origin) })
		t.Run("keepalive", func(t *testing.T) { testKeepalive(t, s, e) })
		t.Run("service down", func(t *testing.T) { testDown(t, s, e) })
	}
}

// testCache shows that a file is one entry of the cache, whatever its tokens are and whatever else
// a client chooses: CMCD and other parameters after the token, the Host, the form of the target.
func testCache(t *testing.T, s *stack.Stack, e *stack.Edge, origin *naive) {
	const name, cmcd = "/hls/bbb/720p/seg-2.ts", "CMCD=bl%3D21300%2Csid%3D%226e2fb550%22"
	exact, below := sign(t, e, name, token.Claims{}), sign(t, e, name, token.Claims{Depth: 3})
	origin.take()
	fetched := 0
	for _, c := range []struct {
		target string
		header []string
	}{
		{target: name + "?token=" + exact},
		{target: name + "?token=" + below},
		{target: "/~" + exact + name},
		{target: "/~" + below + name},
		{target: name + "?token=" + exact + "&" + cmcd},
		{target: name + "?token=" + exact + "&" + cmcd + "1&x=" + exact},
		{target: "/~" + exact + name + "?" + cmcd},
		{target: "/~" + below + name + "?" + cmcd},
		{target: "/~" + below + name + "?" + cmcd + "2"},
		{target: "/%7e" + below + strings.Replace(name, "seg", "%73eg", 1)},
		{target: "/~" + below + name, header: []string{"Host: elsewhere.example"}},
		{target: "http://elsewhere.example/~" + below + name,
			header: []string{"Host: elsewhere.example"}},
	} {
		got := ask(t, e.Addr, "GET", c.target, "", c.header...)
		if got.status != 200 || !bytes.Equal(got.body, film(name)) {
			t.Fatalf("%s %v: answered %v", c.target, c.header, got)
		}
		served := origin.take()
		if fetched > 0 && len(served) > 0 {
			t.Errorf("%s %v was fetched again: %q", c.target, c.header, served)
		}
		fetched += len(served)
	}
	if fetched == 0 {
		t.Error("nothing was fetched: the cache had the file before the test")
	}
	if got := ask(t, e.Addr, "GET", name, ""); got.status != 401 {
		t.Errorf("answered %v from its cache without a token", got)
	}
	if e.Name == "nginx" {
		checkKeys(t, filepath.Join(s.Dir, e.Name, "cache"), "\nKEY: "+e.Name+" "+
			name+" bytes=0-1048575\n")
	}
}

// checkKeys asserts that nginx's cache has an entry whose key is as wanted.
func checkKeys(t *testing.T, dir, want string) {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		entry, err := os.ReadFile(path)
		found = found || bytes.Contains(entry, []byte(want))
		return err
	})
	if err != nil || !found {
		t.Errorf("no entry of the cache has %q: %v", want, err)
	}
}

// testUnverified shows that an edge takes no answer for a yes that does not say what to serve: a
// wrong upstream may answer 200 to everything. With enforce: false the service's answer says it.
func testUnverified(t *testing.T, s *stack.Stack, e *stack.Edge, origin *naive) {
	defer s.Recorder.AnswerWith("")
	signed := sign(t, e, "/films/a.mp4", token.Claims{})
	for _, c := range []struct {
		name, header string // of the answer to the edge
		status       int
	}{
		{"a bare 200", "", 503},
		{"an empty path", "X-Token-Path:\r\n", 503},
		{"another host", "X-Token-Path: @elsewhere.example/films/a.mp4\r\n", 503},
		{"a report", "X-Token-Path: /films/a.mp4\r\nX-Token-Would-Refuse: expired\r\n", 200},
	} {
		s.Recorder.AnswerWith("HTTP/1.1 200 OK\r\n" + c.header + "Content-Length: 0\r\n\r\n")
		for _, target := range []string{"/films/a.mp4?token=" + signed, "/secret/x.ts"} {
			s.Recorder.Take()
			origin.take()
			got := ask(t, e.Addr, "GET", target, "", "X-Token-Path: /secret/x.ts")
			asked, served := s.Recorder.Take(), origin.take()
			if got.status != c.status || len(asked) != 1 {
				t.Errorf("%s: %s was answered %v, after %d questions", c.name, target, got, len(asked))
			}
			if c.status == 503 && (len(served) > 0 || got.header.Get("Cache-Control") != "no-store") {
				t.Errorf("%s: %s: %v, the origin was asked for %v", c.name, target, got.header, served)
			}
			if c.status == 200 && !bytes.Equal(got.body, film("/films/a.mp4")) {
				t.Errorf("%s: %s: served %.40q", c.name, target, got.body)
			}
			checkHeaders(t, "GET", got)
		}
	}
}

// testKeepalive shows that an edge asks on connections that it keeps.
func testKeepalive(t *testing.T, s *stack.Stack, e *stack.Edge) {
	before := s.Recorder.Connections()
	s.Recorder.Take()
	target := "/hls/x.ts?token=" + sign(t, e, "/hls/x.ts", token.Claims{})
	const n = 50
	for range n {
		if got := ask(t, e.Addr, "HEAD", target, ""); got.status != 200 {
			t.Fatalf("answered %v", got)
		}
	}
	asked, opened := len(s.Recorder.Take()), s.Recorder.Connections()-before
	t.Logf("%d requests to %s: %d to the service, on %d new connections", n, e.Name, asked, opened)
	if asked != n || opened > 4 {
		t.Errorf("%d requests to %s: %d to the service, on %d new connections", n, e.Name, asked, opened)
	}
}

// testDown shows that an edge serves nothing without the service, and serves again once it is back.
func testDown(t *testing.T, s *stack.Stack, e *stack.Edge) {
	target := "/films/a.mp4?token=" + sign(t, e, "/films/a.mp4", token.Claims{})
	if got := ask(t, e.Addr, "GET", target, ""); got.status != 200 {
		t.Fatalf("answered %v before", got)
	}
	s.StopService()
	for _, target := range []string{target, "/films/a.mp4"} {
		if got := ask(t, e.Addr, "GET", target, ""); got.status < 500 ||
			bytes.Contains(got.body, film("/films/a.mp4")[:100]) {
			t.Errorf("answered %v without the service", got)
		} else {
			t.Logf("%s answered %v without the service", e.Name, got)
			checkHeaders(t, "GET", got)
		}
	}
	if err := s.StartService(); err != nil {
		t.Fatal(err)
	}
	var got answer
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline) &&
		got.status != 200; time.Sleep(50 * time.Millisecond) {
		got = ask(t, e.Addr, "GET", target, "")
	}
	if got.status != 200 {
		t.Errorf("answered %v with the service back", got)
	}
}
