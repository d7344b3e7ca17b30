package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"videotoken/internal/transport"
)

func TestTimeouts(t *testing.T) {
	limits := transport.Config{RequestTimeout: 200 * time.Millisecond, IdleTimeout: 600 * time.Millisecond, Tick: 20 * time.Millisecond}
	s, _ := newLimited(settings(t), limits)
	addr := start(t, s)
	t.Run("reading", func(t *testing.T) {
		c := dial(t, addr)
		a := exchange(t, c, post(seed)[:100], "POST")
		checkProblem(t, a, 408, "too long", "")
	})
	t.Run("dribbling", func(t *testing.T) {
		c := dial(t, addr)
		stop := make(chan struct{})
		go func() {
			for _, b := range []byte(post(seed)) {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					_, _ = c.Write([]byte{b})
				}
			}
		}()
		checkProblem(t, read(t, bufio.NewReader(c), "POST"), 408, "too long", "")
		close(stop)
	})
	t.Run("waiting for a body after 100 Continue", func(t *testing.T) {
		c := dial(t, addr)
		head, _, _ := strings.Cut(post(seed, "Expect: 100-continue"), "\r\n\r\n")
		started := time.Now()
		if _, err := io.WriteString(c, head+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
		_, _ = r.ReadString('\n')
		checkProblem(t, read(t, r, "POST"), 408, "too long", "")
		if waited := time.Since(started); waited > limits.IdleTimeout {
			t.Errorf("after %v: the idle limit was applied", waited)
		}
	})
	t.Run("silent", func(t *testing.T) {
		if b, err := io.ReadAll(dial(t, addr)); err != nil || len(b) != 0 {
			t.Errorf("a connection without a request got %q, %v", b, err)
		}
	})
	t.Run("idle", func(t *testing.T) {
		c := dial(t, addr)
		verifyAnswer(t, exchange(t, c, post(seed), "POST").body)
		if b, err := io.ReadAll(c); err != nil || len(b) != 0 {
			t.Errorf("%q, %v", b, err)
		}
	})
	t.Run("not writing", func(t *testing.T) {
		// Requests without end whose answers nobody reads: the server's write blocks, and is given up.
		c := dial(t, addr)
		if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		request := []byte(post(seed))
		for {
			if _, err := c.Write(request); err != nil {
				break // reset by the server; the test's deadline otherwise
			}
		}
		if err := c.SetDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
	})
	for until := time.Now().Add(5 * time.Second); s.transport.Len() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d connections left", s.transport.Len())
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	s, _ := newLimited(settings(t), transport.Config{MaxConnections: 2})
	addr := start(t, s)
	first, second := dial(t, addr), dial(t, addr)
	verifyAnswer(t, exchange(t, first, post(seed), "POST").body)
	verifyAnswer(t, exchange(t, second, post(seed), "POST").body)
	a := exchange(t, dial(t, addr), post(seed), "POST")
	checkProblem(t, a, 503, "too many connections", "")
	if a.Header.Get("Retry-After") == "" || !a.Close {
		t.Errorf("header %v", a.Header)
	}
	_ = first.Close()
	for until := time.Now().Add(5 * time.Second); s.transport.Len() > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the closed connection still counts")
		}
	}
	verifyAnswer(t, exchange(t, dial(t, addr), post(seed), "POST").body)
}

// flaky is a listener that fails now and then, as accept(2) does without file descriptors.
type flaky struct {
	net.Listener
	failures []error
}

func (f *flaky) Accept() (net.Conn, error) {
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		return nil, &net.OpError{Op: "accept", Err: err}
	}
	return f.Listener.Accept()
}

func TestAcceptFailures(t *testing.T) {
	s, logs := newServer(settings(t))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(&flaky{ln, []error{syscall.EMFILE, syscall.ECONNABORTED, syscall.ENFILE}}) }()
	verifyAnswer(t, exchange(t, dial(t, ln.Addr().String()), post(seed), "POST").body)
	if n := strings.Count(logs.String(), "no connection could be accepted"); n != 3 {
		t.Errorf("%d warnings:\n%s", n, logs)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestShutdownFirst: a Shutdown that comes before Serve ends it, too.
func TestShutdownFirst(t *testing.T) {
	s, _ := newServer(settings(t))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ln); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

// TestShutdown: a request that is being sent is answered, an idle connection is closed, and one that never ends is
// cut off when the time is up.
func TestShutdown(t *testing.T) {
	s, _ := newServer(settings(t))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	idle, busy, stuck := dial(t, ln.Addr().String()), dial(t, ln.Addr().String()), dial(t, ln.Addr().String())
	verifyAnswer(t, exchange(t, idle, post(seed), "POST").body)
	raw := post(seed)
	for _, c := range []net.Conn{busy, stuck} {
		if _, err := io.WriteString(c, raw[:200]); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(50 * time.Millisecond) // for the server to have read them
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	if b, err := io.ReadAll(idle); err != nil || len(b) != 0 {
		t.Errorf("idle: %q, %v", b, err)
	}
	a := exchange(t, busy, raw[200:], "POST")
	verifyAnswer(t, a.body)
	if !a.Close {
		t.Error("no Connection: close in the answer during shutdown")
	}
	if err := <-done; err == nil {
		t.Error("Shutdown did not say that a connection was cut off")
	}
	if b, err := io.ReadAll(stuck); len(b) != 0 {
		t.Errorf("stuck: %q, %v", b, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

// TestGone: peers that leave in the middle of a request are not counted as answered, and nothing that a bad request
// says is logged.
func TestGone(t *testing.T) {
	s, logs := newServer(settings(t))
	addr := start(t, s)
	for _, raw := range []string{"", "POST /vid", post(seed)[:200]} {
		for _, reset := range []bool{false, true} {
			c := dial(t, addr)
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond) // for the server to have read it
			if reset {
				_ = c.(*net.TCPConn).SetLinger(0)
			}
			_ = c.Close()
		}
	}
	for _, raw := range []string{
		"GET /film.mp4?token=SECRET\r\nX-Token: SECRET\r\n\r\n", "GET /\x01SECRET HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: SECRET\x01\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Original-URI SECRET\r\n\r\n",
	} {
		if a := exchange(t, dial(t, addr), raw, "GET"); a.StatusCode != 400 || strings.Contains(a.body, "SECRET") {
			t.Errorf("%q: %d %s", raw, a.StatusCode, a.body)
		}
	}
	if logs.String() != "" {
		t.Errorf("logged %s", logs)
	}
	if m := adminGet(t, s, "/metrics"); !strings.Contains(m, `videotoken_responses_total{code="400"} 4`) || !strings.Contains(m, "videotoken_connections ") {
		t.Errorf("metrics:\n%s", m)
	}
}
