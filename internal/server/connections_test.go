package server

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"videotoken/internal/transport"
)

// TestTimeout shows the answer to a request that takes too long. The times are package transport's.
func TestTimeout(t *testing.T) {
	s, _ := newLimited(settings(t),
		transport.Config{RequestTimeout: 50 * time.Millisecond, Tick: 10 * time.Millisecond})
	addr := start(t, s)
	for _, raw := range []string{post(seed)[:100], strings.TrimSuffix(post(seed), "}")} {
		checkProblem(t, exchange(t, dial(t, addr), raw, "POST"), 408, "too long", "")
	}
}

func TestTooManyConnections(t *testing.T) {
	// none is idle for long
	s, _ := newLimited(settings(t), transport.Config{MaxConnections: 2, Tick: time.Hour})
	addr := start(t, s)
	for range 2 {
		verifyAnswer(t, exchange(t, dial(t, addr), post(seed), "POST").body)
	}
	a := exchange(t, dial(t, addr), post(seed), "POST")
	checkProblem(t, a, 503, "too many connections", "")
	if a.Header.Get("Retry-After") == "" || !a.Close {
		t.Errorf("header %v", a.Header)
	}
	m := adminGet(t, s, "/metrics") // which is answered, however many connections there are
	for _, line := range []string{
		`videotoken_requests_total{code="503",route="none"} 1`, `videotoken_connections{by="loop"} 2`,
		`videotoken_connections{by="fasthttp"} 0`, "videotoken_connections_limit 2",
		"videotoken_connections_refused_total 1", "videotoken_connections_evicted_total 0",
		"videotoken_requests_evicted_total 0",
	} {
		if !strings.Contains(m, "\n"+line+"\n") {
			t.Errorf("metrics lack %s:\n%s", line, m)
		}
	}
}

// TestDrain: load balancers are told to go elsewhere, while requests are still answered.
func TestDrain(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		with := settings(t)
		with.Transport = transport
		s, _ := newServer(with)
		addr := start(t, s)
		old := dial(t, addr)
		verifyAnswer(t, exchange(t, old, post(seed), "POST").body)
		s.Drain()
		if got := adminGet(t, s, "/readyz"); !strings.HasPrefix(got, "503") {
			t.Errorf("/readyz: %s", got)
		}
		for _, c := range []net.Conn{old, dial(t, addr)} {
			a := exchange(t, c, post(seed), "POST")
			verifyAnswer(t, a.body)
			if !a.Close {
				t.Error("an answer does not say that it is the last")
			}
		}
	}
}

// TestVersions: HTTP/1.x is served, and what is refused is counted.
func TestVersions(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		with := settings(t)
		with.Transport = transport
		s, _ := newServer(with)
		addr := start(t, s)
		for _, c := range []struct {
			raw    string
			status int
			detail string
		}{
			{"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505, "use HTTP/1.1"},
			{"GET /healthz HTTP/0.9\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", 505, "use HTTP/1.1"},
			{"GET /healthz HTTP/2\r\nHost: x\r\n\r\n", 400, "not valid HTTP/1.1"},
			{post("", "Transfer-Encoding: gzip"), 501, "chunked"},
			{"POST /video/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501, "chunked"},
			{post(seed, "Content-Length: 5"), 400, "not valid HTTP/1.1"},
			{"GET /healthz HTTP/1.1\r\nHost: u@x\r\n\r\n", 400, "not valid HTTP/1.1"},
		} {
			a := exchange(t, dial(t, addr), c.raw, "POST")
			checkProblem(t, a, c.status, c.detail, "")
			if !a.Close {
				t.Errorf("%q: the connection stays open", c.raw)
			}
		}
		if a := exchange(t, dial(t, addr), "GET /healthz HTTP/1.9\r\nHost: x\r\n\r\n",
			"GET"); a.StatusCode != 200 {
			t.Errorf("HTTP/1.9: %d", a.StatusCode)
		}
		if m := adminGet(t, s, "/metrics"); !strings.Contains(m, `code="505",route="none"} 2`) ||
			!strings.Contains(m, `code="501",route="none"} 2`) {
			t.Errorf("metrics:\n%s", m)
		}
	}
}

// TestDisconnected: clients that leave within a request are not counted as answered, and nothing
// that a malformed request says is logged.
func TestDisconnected(t *testing.T) {
	s, logs := newServer(settings(t))
	addr := start(t, s)
	for _, raw := range []string{"", "POST /vid", post(seed)[:200]} {
		for _, reset := range []bool{false, true} {
			c := dial(t, addr)
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
			if reset {
				_ = c.(*net.TCPConn).SetLinger(0)
			}
			_ = c.Close()
		}
	}
	for _, raw := range []string{
		"GET /film.mp4?token=SECRET\r\nX-Token: SECRET\r\n\r\n",
		"GET /\x01SECRET HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: SECRET\x01\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX-Original-URI SECRET\r\n\r\n",
	} {
		if a := exchange(t, dial(t, addr), raw, "GET"); a.StatusCode != 400 ||
			strings.Contains(a.body, "SECRET") {
			t.Errorf("%q: %d %s", raw, a.StatusCode, a.body)
		}
	}
	for until := time.Now().Add(20 * time.Second); s.transport.Len() > 0; time.Sleep(
		time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d connections are left", s.transport.Len())
		}
	}
	if logs.String() != "" {
		t.Errorf("logged %s", logs)
	}
	if m := adminGet(t, s, "/metrics"); !strings.Contains(m,
		`videotoken_requests_total{code="400",route="none"} 4`) ||
		!strings.Contains(m, "\nvideotoken_connections{by=\"fasthttp\"} 0\n") {
		t.Errorf("metrics:\n%s", m)
	}
}
