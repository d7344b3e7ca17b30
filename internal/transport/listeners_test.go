package transport_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"videotoken/internal/transport"
)

// tryAll sends what a loop answers, what it hands over, and what is wrong.
func tryAll(t *testing.T, dial func() *client) {
	t.Helper()
	c := dial()
	c.send(get("/a")).answer(200, "GET /a")
	c.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
	c.send("llo").answer(200, `"hello"`)
	c.send(get("/c")+get("/d")).answer(200, "GET /c")
	c.answer(200, "GET /d")
	c.send(raw("POST /e HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n", "Host: h",
		"Transfer-Encoding: chunked")).answer(200, `"hello"`)
	c.send(get("/f")).answer(200, "GET /f")
	c.send(get("/g", "Connection: close")).last(200, "GET /g")
	dial().send("GET /\r\n\r\n").last(400, "")
}

// TestListeners: any net.Listener is served.
func TestListeners(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		t.Run("one", func(t *testing.T) {
			s := run(t, config(loops))
			tryAll(t, func() *client { return s.dial(t) })
			s.end(t)
		})
		t.Run("pipes", func(t *testing.T) {
			p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
			s := runOn(t, config(loops), p)
			tryAll(t, func() *client { return newClient(t, p.dial()) })
			s.end(t)
		})
		t.Run("wrapped", func(t *testing.T) { // sockets that do not look like any
			s := runOn(t, config(loops), wrapper{listenAny(t)})
			tryAll(t, func() *client { return s.dial(t) })
			s.end(t)
		})
		t.Run("embedded", func(t *testing.T) { // one that does more in Accept
			ln := &counting{TCPListener: listen(t, "tcp", "127.0.0.1:0").(*net.TCPListener)}
			s := runOn(t, config(loops), ln)
			tryAll(t, func() *client { return s.dial(t) })
			if ln.accepted.Load() == 0 {
				t.Error("the listener's Accept was not called")
			}
			s.end(t)
		})
		t.Run("IPv6", func(t *testing.T) {
			ln, err := net.Listen("tcp", "[::1]:0")
			if err != nil {
				if there := hasIPv6Loopback(t); there {
					t.Fatal(err)
				}
				t.Log("there is no IPv6 here")
				return
			}
			s := runOn(t, config(loops), ln)
			tryAll(t, func() *client { return s.dial(t) })
			s.end(t)
		})
		t.Run("two", func(t *testing.T) {
			s := run(t, config(loops))
			second := listenAny(t)
			served := make(chan error, 1)
			go func() { served <- s.Serve(second) }()
			tryAll(t, func() *client { return s.dial(t) })
			tryAll(t, func() *client { return dial(t, second.Addr()) })
			idle := dial(t, second.Addr())
			idle.send(get("/")).answer(200, "GET /")
			s.end(t)
			idle.closed()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	})
}

func hasIPv6Loopback(t *testing.T) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(net.IPv6loopback) {
			return true
		}
	}
	return false
}

// pipes are a listener without sockets.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "/nowhere", Net: "unix"} }

// wrapper is a listener whose connections are not what they are.
type wrapper struct{ net.Listener }

func (w wrapper) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{c}, nil
}

// TestBusy: a connection over the limit is told so, and counts for nothing.
func TestBusy(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		c := config(loops)
		var refused atomic.Int64
		c.MaxConnections, c.Tick = 2, time.Hour // no connection is idle for long
		c.Refused = func() { refused.Add(1) }
		c.Busy = []byte("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n" +
			"Content-Length: 4\r\n\r\nbusy")
		s := run(t, c)
		first, second := s.dial(t), s.dial(t)
		first.send(get("/")).answer(200, "GET /")
		second.send(raw("GET / HTTP/1.0", "", "Connection: keep-alive")).answer(200, "GET /")
		for range 3 {
			s.dial(t).last(503, "busy")
			s.dial(t).send(post("/", filler(1000))).last(503, "busy")
		}
		if refused.Load() != 6 || s.Len() != 2 {
			t.Errorf("%d refused, %d open", refused.Load(), s.Len())
		}
		for _, leaving := range []*client{first, second} {
			_ = leaving.Close()
			s.await(t, 1)
			next := s.dial(t)
			next.send(get("/")).answer(200, "GET /")
			s.dial(t).last(503, "busy")
		}
		s.end(t)
	})
}

// counting is a listener that contains one of package net.
type counting struct {
	*net.TCPListener
	accepted atomic.Int32
}

func (l *counting) Accept() (net.Conn, error) {
	l.accepted.Add(1)
	return l.TCPListener.Accept()
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

// TestAcceptFailures: what passes is outlasted, and what does not ends Serve, with its error.
func TestAcceptFailures(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		ln := listenAny(t)
		s := runOn(t, config(loops),
			&flaky{ln, []error{syscall.EMFILE, syscall.ECONNABORTED, syscall.ENFILE}})
		s.dial(t).send(get("/", "Connection: close")).last(200, "GET /")
		s.end(t)

		broken := transport.New(config(loops))
		err := broken.Serve(&flaky{listenAny(t), []error{syscall.EBADF}})
		if !errors.Is(err, syscall.EBADF) {
			t.Errorf("got %v", err)
		}
		if err := broken.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestGone: who leaves in the middle is forgotten.
func TestGone(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		for _, sent := range []string{
			"", "GET /", "GET / HTTP/1.1\r\n", raw("POST / HTTP/1.1", "he", "Host: h", "Content-Length: 5"),
			get("/"), get("/large/8000000"),
			strings.Repeat(get("/large/100000"), 50),
			raw("POST / HTTP/1.1", "5\r\nhe", "Host: h", "Transfer-Encoding: chunked"), "\x00\r\n\r\n",
		} {
			for _, reset := range []bool{false, true} {
				c := s.dial(t)
				c.send(sent)
				if !strings.Contains(sent, "/large") {
					c.awaitRead()
				}
				if reset {
					resetOnClose(c.Conn)
				}
				_ = c.Close()
			}
		}
		s.await(t, 0)
		tryAll(t, func() *client { return s.dial(t) })
		s.end(t)
	})
}
