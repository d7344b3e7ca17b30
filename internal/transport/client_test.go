package transport_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/internal/transport"
)

// TestMain lets more tests run at a time than there are processors: most of them wait for limits to
// pass.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() == "" { // of which it would be the number of processes
		_ = flag.Set("test.parallel", "32")
	}
	os.Exit(m.Run())
}

// both runs a test with loops, and without, over TCP and over Unix sockets.
func both(t *testing.T, test func(t *testing.T, loops int)) {
	t.Helper()
	for _, network := range networks {
		t.Run(network+"/loops", func(t *testing.T) { t.Parallel(); test(t, loopsOf(t)) })
		t.Run(network+"/no loops", func(t *testing.T) { t.Parallel(); test(t, transport.NoLoops) })
	}
}

// networks are what the tests' servers listen on.
var networks = []string{"tcp", "unix"}

// networkOf is what a test's servers listen on: Unix sockets in the subtests with that name.
func networkOf(tb testing.TB) string {
	if slices.Contains(strings.Split(tb.Name(), "/"), "unix") {
		return "unix"
	}
	return "tcp"
}

// listenAny listens on a free port, or at a path that nobody uses.
func listenAny(tb testing.TB) net.Listener {
	tb.Helper()
	if networkOf(tb) == "tcp" {
		return listen(tb, "tcp", "127.0.0.1:0")
	}
	// a socket's path has 107 bytes, and TempDir's may have more
	dir, err := os.MkdirTemp("", "videotoken")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return listen(tb, "unix", filepath.Join(dir, "s"))
}

// testServer is a server under test.
type testServer struct {
	*transport.Server
	listener net.Listener
	served   chan error
}

// run serves on a listener of listenAny. Who calls it ends it.
func run(tb testing.TB, c transport.Config) *testServer {
	tb.Helper()
	return runOn(tb, c, listenAny(tb))
}

func runOn(tb testing.TB, c transport.Config, ln net.Listener) *testServer {
	tb.Helper()
	r := &testServer{transport.New(c), ln, make(chan error, 1)}
	go func() { r.served <- r.Serve(ln) }()
	return r
}

func listen(tb testing.TB, network, addr string) net.Listener {
	tb.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		tb.Fatal(err)
	}
	return ln
}

// end shuts it down, and demands that nothing is left of it.
func (r *testServer) end(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		tb.Errorf("Shutdown: %v", err)
	}
	r.ended(tb)
}

// ended demands that Serve has returned, and nothing is left.
func (r *testServer) ended(tb testing.TB) {
	tb.Helper()
	if err := <-r.served; err != nil {
		tb.Errorf("Serve: %v", err)
	}
	r.await(tb, 0)
	if c, err := net.Dial(r.listener.Addr().Network(), r.listener.Addr().String()); err == nil {
		_ = c.Close()
		tb.Error("still listening")
	}
}

// await waits until n connections are open.
func (r *testServer) await(tb testing.TB, n int) {
	tb.Helper()
	await(tb, "connections", n, r.Len)
}

// await waits until there are n.
func await(tb testing.TB, what string, n int, count func() int) {
	tb.Helper()
	for until := time.Now().Add(patience); count() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			tb.Fatalf("%d %s, not %d", count(), what, n)
		}
	}
}

// client is a connection to a server.
type client struct {
	net.Conn
	r    *bufio.Reader
	sent int
	tb   testing.TB
}

func (r *testServer) dial(tb testing.TB) *client {
	tb.Helper()
	return dial(tb, r.listener.Addr())
}

func dial(tb testing.TB, addr net.Addr) *client {
	tb.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return newClient(tb, c)
}

// dialString connects to an address as start returns it: a path, or a host and port.
func dialString(addr string) (net.Conn, error) {
	if filepath.IsAbs(addr) {
		return net.Dial("unix", addr)
	}
	return net.Dial("tcp", addr)
}

func newClient(tb testing.TB, c net.Conn) *client {
	tb.Helper()
	if err := c.SetDeadline(time.Now().Add(patience / 3)); err != nil {
		tb.Fatal(err)
	}
	return &client{Conn: c, r: bufio.NewReader(c), tb: tb}
}

func (c *client) send(raw string) *client {
	c.tb.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.tb.Fatal(err)
	}
	c.sent += len(raw)
	return c
}

// answer reads one, and demands its status, and text in its body.
func (c *client) answer(status int, text string) *http.Response {
	c.tb.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.tb.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || !strings.Contains(string(body), text) {
		c.tb.Fatalf("got %d %q, %v; want %d %q", res.StatusCode, body, err, status, text)
	}
	return res
}

// last is an answer behind which the connection closes.
func (c *client) last(status int, text string) {
	c.tb.Helper()
	if res := c.answer(status, text); !res.Close {
		c.tb.Error("no Connection: close in the last answer")
	}
	c.closed()
}

// closed demands that the server closes, and says no more.
func (c *client) closed() {
	c.tb.Helper()
	var timeout net.Error
	if b, err := io.ReadAll(c.r); len(b) != 0 || errors.As(err, &timeout) && timeout.Timeout() {
		c.tb.Fatalf("got %q, %v; want the end", b, err)
	}
}

// resetOnClose has Close send a reset. A Unix socket knows none; its peer gets that error where
// answers were not read.
func resetOnClose(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

type buffered interface{ SetReadBuffer(int) error }

// halfCloser is what TCP connections and Unix sockets can do, and pipes cannot.
type halfCloser interface{ CloseWrite() error }

func closeWrite(c *client) error {
	return c.Conn.(halfCloser).CloseWrite()
}
