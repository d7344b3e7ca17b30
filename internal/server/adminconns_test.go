package server

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// countedListener counts the connections that are open on the server's side. They hold little of
// what their clients do not read.
type countedListener struct {
	net.Listener
	open atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &countedConn{Conn: c, open: &l.open}, c.(*net.TCPConn).SetWriteBuffer(1)
}

type countedConn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func listenAdmin(t *testing.T) *countedListener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return &countedListener{Listener: ln}
}

// hang connects a client that sends something, and never reads.
func (l *countedListener) hang(t *testing.T, text string) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(1); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, text) // it may be closed already
}

func (l *countedListener) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	res, err := client.Get("http://" + l.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// neverRead are more answers than there is room for.
var neverRead = strings.Repeat("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", 20)

// TestAdminConns: however many clients hang, the admin port answers the next one, and has no more
// connections than it may.
func TestAdminConns(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "half a head": "GET /metrics HTTP/1.1\r\n", "never read": neverRead,
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(settings(t))
			ln := listenAdmin(t)
			go func() { _ = s.ServeAdmin(ln) }()
			for range 128 {
				ln.hang(t, text)
			}
			status, body := ln.get(t, "/metrics")
			if status != 200 || !strings.Contains(body, "\nvideotoken_build_info{") {
				t.Errorf("%d %s", status, body)
			}
			if n := ln.open.Load(); n > 64 {
				t.Errorf("%d connections are open", n)
			}
		})
	}
}

// TestAdminWrite: a client that does not read its answer is gone after a while, and a profile may
// take longer.
func TestAdminWrite(t *testing.T) {
	s, _ := newServer(settings(t))
	ln := listenAdmin(t)
	limits := adminLimits{conns: 64, idle: time.Hour, write: time.Second}
	go func() { _ = s.serveAdmin(ln, limits) }()
	if status, body := ln.get(t, "/debug/pprof/heap?seconds=1"); status != 200 || body == "" {
		t.Errorf("a profile of a second: %d %q", status, body)
	}
	ln.hang(t, neverRead)
	ln.get(t, "/healthz") // after it was accepted
	for until := time.Now().Add(10 * time.Second); ln.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d connections are open", ln.open.Load())
		}
	}
}
