package transport_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// unsentRequests are so many requests that their answers fill all buffers many times over, and so
// few that the requests fit into the client's send buffer.
const unsentRequests = 1000

// numbered answers each request with 1 KiB and its path. seen gets the paths of requests that a
// loop answered.
func numbered(loops int, seen chan<- string) transport.Config {
	c := config(loops)
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		if _, err := ctx.Conn().Write(nil); err != nil && seen != nil {
			seen <- string(ctx.Path())
		}
		ctx.SetBodyString(strings.Repeat("x", 1<<10) + string(ctx.Path()))
	}
	return c
}

func numberedRequests() string {
	var all strings.Builder
	for i := range unsentRequests {
		all.WriteString(get(fmt.Sprintf("/%04d", i)))
	}
	return all.String()
}

// TestUnsent: a client that sends many requests before it reads an answer gets all of them, in
// order and whole, and stays in its loop. A half-closed one does, too.
func TestUnsent(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		for name, then := range map[string]func(*client) error{
			"open": func(*client) error { return nil }, "half-closed": closeWrite,
		} {
			t.Run(name, func(t *testing.T) {
				seen := make(chan string, 2*unsentRequests)
				s := run(t, numbered(loops, seen))
				c := dialNarrow(t, s.listener.Addr())
				c.send(numberedRequests())
				if err := then(c); err != nil {
					t.Fatal(err)
				}
				s.awaitUnsent(t)
				for i := range unsentRequests {
					c.answer(200, fmt.Sprintf("x/%04d", i))
				}
				if n := len(seen); loops != transport.NoLoops && n != unsentRequests {
					t.Errorf("the loop answered %d requests of %d", n, unsentRequests)
				}
				if name == "half-closed" {
					c.closed()
				}
				_ = c.Close()
				s.await(t, 0)
				s.end(t)
				if held := s.Limits().Held; held != 0 {
					t.Errorf("%d bytes are held by nobody", held)
				}
			})
		}
	})
}

// awaitUnsent waits until answers wait for a client, which holds memory.
func (r *testServer) awaitUnsent(t *testing.T) {
	t.Helper()
	await(t, "connections that hold memory", 1, func() int { return int(min(1, r.Limits().Held)) })
}

// TestUnsentGone: a client that leaves while answers wait for it leaves nothing behind, and others
// are answered meanwhile.
func TestUnsentGone(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, numbered(loops, nil))
		for _, reset := range []bool{false, true} {
			c := dialNarrow(t, s.listener.Addr())
			c.send(numberedRequests())
			s.awaitUnsent(t)
			s.dial(t).send(get("/other", "Connection: close")).last(200, "/other")
			if reset {
				resetOnClose(c.Conn)
			}
			_ = c.Close()
			s.await(t, 0)
			if held := s.Limits().Held; held != 0 {
				t.Errorf("%d bytes are held by nobody", held)
			}
		}
		s.end(t)
	})
}

// TestUnsentLate: a client that does not take its answers in time is closed. It came
// before the server had limited the listener's send buffers.
func TestUnsentLate(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		c := numbered(loops, nil)
		c.RequestTimeout, c.Tick = shortRequest, shortTick
		ln := listenAny(t)
		conn := dialNarrow(t, ln.Addr())
		conn.send(numberedRequests())
		s := runOn(t, c, ln)
		s.awaitUnsent(t)
		s.await(t, 0)
		if b, err := io.ReadAll(conn.r); len(b) >= unsentRequests<<10 {
			t.Errorf("got all answers, %v", err)
		}
		s.end(t)
	})
}
