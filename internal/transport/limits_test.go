package transport_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"videotoken/internal/transport"
)

// TestRoom: over the limit, a connection that has been idle for more than a second makes room; one
// that has not stays, and the new one is refused.
func TestRoom(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		limited := func(tick time.Duration) transport.Config {
			c := config(loops)
			c.MaxConnections, c.Tick = 2, tick
			c.Busy = []byte("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n" +
				"Content-Length: 4\r\n\r\nbusy")
			return c
		}
		t.Run("none", func(t *testing.T) {
			s := run(t, limited(time.Hour)) // no time passes
			first, second := s.dial(t), s.dial(t)
			first.send(get("/")).answer(200, "")
			second.send(get("/")).answer(200, "")
			s.dial(t).last(503, "busy")
			first.send(get("/")).answer(200, "")
			if l := s.Limits(); l.Refused != 1 || l.Evicted != 0 || l.Connections != 2 {
				t.Errorf("%+v", l)
			}
			s.end(t)
		})
		t.Run("some", func(t *testing.T) {
			s := run(t, limited(10*time.Millisecond))
			busy := s.dial(t)
			busy.send("GET / HTTP/1.1\r\nHost:")
			idle := s.dial(t)
			idle.send(get("/")).answer(200, "")
			await(t, "connections evicted", 1, func() int {
				c := s.dial(t)
				_, _ = c.Write([]byte(get("/")))
				_, _ = c.r.Peek(1) // refused, or answered
				_ = c.Close()
				return int(s.Limits().Evicted)
			})
			idle.closed()
			busy.send(" h\r\n\r\n").answer(200, "")
			s.end(t)
		})
	})
}

// TestMemory: when unfinished requests hold more memory than they may, the oldest are given up, and
// new ones are answered.
func TestMemory(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		c := config(loops)
		c.MaxMemory, c.Tick = 1<<20, 10*time.Millisecond
		c.Full = []byte("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n" +
			"Content-Length: 4\r\n\r\nfull")
		s := run(t, c)
		oldest := s.dial(t)
		oldest.send(raw("POST / HTTP/1.1", filler(20<<10), "Host: h", "Content-Length: 20481"))
		oldest.awaitRead()
		status := make(chan string, 1)
		go func() {
			b, _ := oldest.r.Peek(len("HTTP/1.1 503"))
			status <- string(b)
		}()
		var all []*client
		for given := ""; given == ""; {
			c := s.dial(t)
			c.send(raw("POST / HTTP/1.1", filler(20<<10), "Host: h", "Content-Length: 20481"))
			c.awaitRead()
			all = append(all, c)
			select {
			case given = <-status:
				if given != "HTTP/1.1 503" && given != "HTTP/1.1 408" {
					t.Fatalf("the oldest: %q, and %+v", given, s.Limits())
				}
			default:
			}
		}
		for _, c := range all {
			_ = c.Close()
		}
		_ = oldest.Close()
		s.dial(t).send(post("/", filler(1000))).answer(200, "")
		s.end(t)
		if held := s.Limits().Held; held != 0 {
			t.Errorf("%d bytes are held by nobody", held)
		}
	})
}

// TestBodyMemory: a body costs memory as it comes, not as its length claims.
func TestBodyMemory(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		c := s.dial(t)
		c.send(raw("POST / HTTP/1.1", "x", "Host: h", fmt.Sprintf("Content-Length: %d", maxBody)))
		c.awaitRead()
		if held := s.Limits().Held; held > 32<<10 {
			t.Errorf("a byte of a body holds %d bytes", held)
		}
		_ = c.Close()
		s.await(t, 0)
		s.end(t)
	})
}

// TestSlowReader: a client that does not read its answer is gone within the request's time, however
// long connections may be idle.
func TestSlowReader(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, timed(loops, shortRequest, forever))
		c := dialNarrow(t, s.listener.Addr())
		c.send(get("/large/400000"))
		if b, err := c.r.Peek(1); err != nil {
			t.Fatalf("%q, %v", b, err)
		}
		s.await(t, 0)
		s.end(t)
	})
}

// TestDrain: every answer says that it is the last, and new connections are answered until
// Shutdown.
func TestDrain(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		old := s.dial(t)
		old.send(get("/")).answer(200, "")
		s.Drain()
		old.send(get("/old")+get("/lost")).last(200, "GET /old")
		s.dial(t).send(get("/new")).last(200, "GET /new")
		s.dial(t).send(raw("POST /chunks HTTP/1.1", "1\r\nx\r\n0\r\n\r\n", "Host: h",
			"Transfer-Encoding: chunked")).last(200, "POST /chunks")
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		s.ended(t)
	})
}
