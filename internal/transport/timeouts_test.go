package transport_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"videotoken/internal/transport"
)

const (
	shortRequest = 300 * time.Millisecond
	shortIdle    = 600 * time.Millisecond
	shortTick    = 100 * time.Millisecond // which is also how long a 408 may take
	forever      = time.Hour
)

func timed(loops int, request, idle time.Duration) transport.Config {
	c := config(loops)
	c.RequestTimeout, c.IdleTimeout, c.Tick = request, idle, shortTick
	return c
}

// TestTimeouts: who does not ask is closed, and who does not finish asking is told so. Only that it
// is not too early can be measured: how late it may be is the machine's affair.
func TestTimeouts(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, timed(loops, shortRequest, shortIdle))
		t.Cleanup(func() {
			s.await(t, 0)
			s.end(t)
		})
		notBefore := func(t *testing.T, limit time.Duration, wait func()) {
			t.Helper()
			started := time.Now()
			wait()
			if waited := time.Since(started); waited < limit/2 { // ticks may come late, and then in a row
				t.Errorf("after %v already, instead of %v", waited, limit)
			}
		}
		t.Run("silent", func(t *testing.T) {
			t.Parallel()
			notBefore(t, shortIdle, func() { s.dial(t).closed() })
		})
		t.Run("idle", func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			c.send(get("/")).answer(200, "GET /")
			notBefore(t, shortIdle, c.closed)
		})
		t.Run("idle in fasthttp", func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			c.send(raw("GET / HTTP/1.0", "", "Connection: keep-alive")).answer(200, "GET /")
			notBefore(t, shortIdle, c.closed)
		})
		for name, half := range map[string]string{
			"half a head": "GET / HTTP/1.1\r\nHost: h\r\nA",
			"half a line": "GET /",
			"half a body": raw("POST / HTTP/1.1", "hello", "Host: h",
				"Content-Length: 10"),
			"a body not begun": raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 10"),
			"a body too long for the loop": raw("POST / HTTP/1.1", filler(35<<10), "Host: h",
				"Content-Length: 36000"),
			"half a body in chunks": raw("POST / HTTP/1.1", "5\r\nhe", "Host: h",
				"Transfer-Encoding: chunked"),
			"half a request, of HTTP/1.0":   raw("POST / HTTP/1.0", "hello", "Content-Length: 10"),
			"half a head that begins oddly": "\r\nGET / HTTP/1.1\r\nHost",
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				notBefore(t, shortRequest, func() { s.dial(t).send(half).last(408, "too late") })
			})
			t.Run(name+" behind an answer", func(t *testing.T) {
				t.Parallel()
				c := s.dial(t)
				c.send(get("/first")+half).answer(200, "GET /first")
				c.last(408, "too late")
			})
		}
		t.Run("a body announced, and not sent", func(t *testing.T) {
			c := s.dial(t).send(raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 10",
				"Expect: 100-continue"))
			var interim [len("HTTP/1.1 100 Continue\r\n\r\n")]byte
			if _, err := io.ReadFull(c.r, interim[:]); err != nil ||
				!bytes.HasPrefix(interim[:], []byte("HTTP/1.1 100 ")) {
				t.Fatalf("%q, %v", interim, err)
			}
			c.last(408, "too late")
		})
		for name, request := range map[string]string{
			"dribbling a head":       "GET / HTTP/1.1\r\nHost: h\r\nA: ",
			"dribbling a body":       raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 36000"),
			"dribbling a line":       "GET /",
			"dribbling a small body": raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 20000"),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := s.dial(t).send(request)
				stop := make(chan struct{})
				defer close(stop)
				go func() { // without an end: only a limit that does not start anew with each byte ends it
					for {
						select {
						case <-stop:
							return
						case <-time.After(shortRequest / 20):
							_, _ = io.WriteString(c, "x")
						}
					}
				}()
				c.last(408, "too late")
			})
		}
		t.Run("not reading", func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			if err := c.Conn.(buffered).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			asked := []byte(strings.Repeat(get("/large/100000"), 10))
			for {
				if _, err := c.Write(asked); err != nil {
					if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
						t.Error("never given up")
					}
					break
				}
			}
		})
	})
}

// TestPatience: the limits are not each other's. Another connection's end, which began to wait
// later, shows that the limit which must not hold has passed, and the second one that it passed
// twice.
func TestPatience(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		t.Run("between requests", func(t *testing.T) {
			t.Parallel()
			s := run(t, timed(loops, shortRequest, forever))
			defer s.end(t)
			c := s.dial(t)
			for _, request := range []string{
				get("/"), post("/", "hello"), raw("GET / HTTP/1.0", "", "Connection: keep-alive"), get("/"),
			} {
				for range 2 {
					s.dial(t).send("GET / HTTP/1.1\r\nHost").last(408, "too late")
				}
				c.send(request).answer(200, "HTTP/1")
			}
			_ = c.Close()
		})
		t.Run("within a request", func(t *testing.T) {
			t.Parallel()
			s := run(t, timed(loops, forever, shortRequest))
			defer s.end(t)
			c := s.dial(t)
			for _, piece := range []string{
				"POST / HT", "TP/1.1\r\nHost: h\r\nContent-Length: 10\r\n", "\r\n", "hello",
			} {
				c.send(piece).awaitRead()
				for range 2 {
					s.dial(t).closed()
				}
			}
			c.send("hello").answer(200, "hellohello")
			c.closed()
		})
	})
}
