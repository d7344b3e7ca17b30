package transport_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// TestShutdown: idle connections close, requests that have begun are answered, and what does not
// end is cut off when the time is up.
func TestShutdown(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		idle, old, busy, body, pipelined, stuck := s.dial(t), s.dial(t), s.dial(t), s.dial(t), s.dial(t),
			s.dial(t)
		for _, c := range []*client{idle, busy, body, pipelined, stuck} {
			c.send(get("/first")).answer(200, "/first")
		}
		old.send(raw("GET /first HTTP/1.0", "", "Connection: keep-alive")).answer(200, "/first")
		busy.send("GET /busy HTTP/1.1\r\nHost:")
		body.send(raw("POST /body HTTP/1.1", "he", "Host: h", "Content-Length: 5"))
		pipelined.send(get("/second")+"GET /third").answer(200, "/second")
		stuck.send("GET /stuck")
		for _, c := range []*client{busy, body, pipelined, stuck} {
			c.awaitRead()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(ctx) }()
		idle.closed()
		old.closed()
		busy.send(" h\r\n\r\n").last(200, "GET /busy")
		body.send("llo").last(200, `"hello"`)
		pipelined.send(" HTTP/1.1\r\nHost: h\r\n\r\n").last(200, "GET /third")
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		stuck.closed()
		s.ended(t)
	})
}

// TestShutdownAtLeisure: with nothing that is stuck, Shutdown ends when all are answered.
func TestShutdownAtLeisure(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		c := config(loops)
		inside, leave := make(chan struct{}), make(chan struct{})
		c.Handler = func(ctx *fasthttp.RequestCtx) {
			if string(ctx.Path()) == "/slow" {
				close(inside)
				<-leave
			}
			echo(ctx)
		}
		s := run(t, c)
		slow, half, old := s.dial(t), s.dial(t), s.dial(t)
		old.send(raw("GET /first HTTP/1.0", "", "Connection: keep-alive")).answer(200, "/first")
		half.send("GET /half")
		half.awaitRead()
		slow.send(get("/slow") + get("/behind"))
		<-inside
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		old.closed() // the drain has begun, in fasthttp too
		close(leave)
		slow.last(200, "GET /slow")
		half.send(" HTTP/1.1\r\nHost: h\r\n\r\n").last(200, "GET /half")
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.ended(t)
	})
}

// TestShutdownTimeouts: the limits hold while the server drains.
func TestShutdownTimeouts(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, timed(loops, shortRequest, forever))
		head, body, chunks := s.dial(t), s.dial(t), s.dial(t)
		head.send("GET / HTTP/1.1\r\nHost")
		body.send(raw("POST / HTTP/1.1", "he", "Host: h", "Content-Length: 5"))
		chunks.send(raw("POST / HTTP/1.1", "5\r\nhe", "Host: h", "Transfer-Encoding: chunked"))
		for _, c := range []*client{head, body, chunks} {
			c.awaitRead()
		}
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		for _, c := range []*client{head, body, chunks} {
			c.last(408, "too late")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.ended(t)
	})
}

// TestShutdownNew: a connection that is new, and silent, is waited for only so long.
func TestShutdownNew(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		silent, asking, old := s.dial(t), s.dial(t), s.dial(t)
		old.send(raw("GET /first HTTP/1.0", "", "Connection: keep-alive")).answer(200, "/first")
		s.await(t, 3)
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		old.closed() // the drain has begun, in fasthttp too
		asking.send(get("/")).last(200, "GET /")
		silent.closed()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.ended(t)
	})
}

// TestShutdownFirst: a Shutdown that comes before Serve ends it, and the listener with it.
func TestShutdownFirst(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := transport.New(config(loops))
		if err := s.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			ln := listenAny(t)
			if err := s.Serve(ln); err != nil {
				t.Error(err)
			}
			if _, err := ln.Accept(); err == nil {
				t.Error("still listening")
			}
		}
	})
}

// TestServeAgain: what was shut down does not serve again.
func TestServeAgain(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		s.dial(t).send(get("/", "Connection: close")).last(200, "GET /")
		s.end(t)
		ln := listenAny(t)
		if err := s.Serve(ln); err != nil {
			t.Error(err)
		}
		if _, err := ln.Accept(); err == nil {
			t.Error("still listening")
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("a second Shutdown: %v", err)
		}
	})
}
