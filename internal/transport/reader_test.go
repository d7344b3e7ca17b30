package transport_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// TestShutdownReader: a drain waits for a client that reads a long answer slowly, for longer than
// fasthttp's drain gives to a connection that it believes to be new. The end of another connection,
// which came later and is new, shows that this time has passed.
func TestShutdownReader(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		for name, drains := range map[string]bool{"at once": false, "after a drain": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				const size = 8_000_000
				s := run(t, config(loops))
				c := dialNarrow(t, s.listener.Addr())
				if drains {
					s.Drain() // so a loop leaves what is not sent to fasthttp
				}
				c.send(get("/large/8000000"))
				if _, err := c.r.Peek(1); err != nil {
					t.Fatal(err)
				}
				fresh := s.dial(t)
				s.await(t, 2)
				done := make(chan error, 1)
				go func() { done <- s.Shutdown(context.Background()) }()
				fresh.closed()
				b, err := io.ReadAll(c.r)
				if err != nil || len(b) < size {
					t.Errorf("%d bytes, %v; want %d and more", len(b), err, size)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				s.ended(t)
			})
		}
	})
}

// TestShutdownStart: a Shutdown that comes while Serve starts waits for the requests that have
// come.
func TestShutdownStart(t *testing.T) {
	for range 50 {
		ln := listen(t, "tcp", "127.0.0.1:0")
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, conn)
		c.send(get("/first"))
		s := runOn(t, config(2), ln)
		for s.Len() == 0 {
			time.Sleep(time.Microsecond)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		c.answer(200, "GET /first")
		s.ended(t)
		_ = conn.Close()
	}
}
