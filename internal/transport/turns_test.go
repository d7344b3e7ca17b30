package transport_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestTurns: connections that send many requests at once do not keep another's from being answered,
// whether many of their requests come with one read, or one comes with several.
func TestTurns(t *testing.T) {
	t.Run("short", func(t *testing.T) { testTurns(t, 200, get("/many")) })
	t.Run("long", func(t *testing.T) { testTurns(t, 10, post("/many", filler(9<<10))) })
}

// order counts the answers to a crowd, and how many of them came before another's only one. The
// first request keeps the loop busy until first is closed.
type order struct {
	inside, first chan struct{}
	many, before  atomic.Int64
}

func newOrder() *order { return &order{inside: make(chan struct{}), first: make(chan struct{})} }

func (o *order) handle(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case "/first":
		o.inside <- struct{}{}
		<-o.first
	case "/many":
		o.many.Add(1)
	case "/one":
		o.before.Store(o.many.Load())
	}
}

// testTurns has a crowd of connections send a request many times each, whose answers a socket takes
// at once. Before another's request come two requests of one connection, and what was left of a
// turn.
func testTurns(t *testing.T, times int, request string) {
	const most = 4 // requests of the many, before another's only one
	const greedy = 40
	c := config(1)
	o, second := newOrder(), make(chan struct{})
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) != "/second" {
			o.handle(ctx)
			return
		}
		o.many.Store(0)
		o.inside <- struct{}{}
		<-second
	}
	s := run(t, c)
	all := strings.Repeat(request, times)
	var crowd []*client
	for range greedy {
		crowd = append(crowd, s.dial(t))
	}
	modest := s.dial(t)
	s.await(t, greedy+1)
	crowd[0].send(get("/first") + all)
	<-o.inside // the loop waits while the others send
	for _, other := range crowd[1 : greedy-1] {
		other.send(all)
	}
	crowd[greedy-1].send(get("/second") + all)
	close(o.first)
	<-o.inside // the others are queued
	modest.send(get("/one"))
	close(second)
	modest.answer(200, "")
	if n := o.before.Load(); n > most {
		t.Errorf("%d requests of %d connections were answered before the only one of another", n, greedy)
	}
	for _, other := range crowd[:greedy-1] {
		for range times {
			other.answer(200, "")
		}
	}
	s.end(t)
}

// TestTurnEnd: what comes after the last request of a turn is checked as any beginning of a
// request.
func TestTurnEnd(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		s := run(t, config(loops))
		for n := range 10 {
			for _, bad := range []string{"GET /\r\nA", "GET / HTTP/1.1\r\nHost: h\r\nA : 1\r\nB",
				"GET / HTTP/1.1\r\nContent-Length: x\r\nA"} {
				c := s.dial(t)
				c.send(strings.Repeat(get("/good"), n) + bad)
				for range n {
					c.answer(200, "GET /good")
				}
				c.last(400, "")
			}
		}
		s.end(t)
	})
}

// dialNarrow connects with a receive buffer that has no room for the answers: they stay in the
// server's send buffer until they are read.
func dialNarrow(t *testing.T, addr net.Addr) *client {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var limited error
		err := c.Control(func(fd uintptr) {
			limited = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, limited)
	}}
	c, err := d.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return newClient(t, c)
}

// TestLastAnswers: a client that sent requests after the one that closes the connection gets all
// answers before it, even if it had not read them when the server closed.
func TestLastAnswers(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		for name, last := range map[string]string{
			"close": get("/last", "Connection: close"), "HTTP/1.0": raw("GET /last HTTP/1.0", ""),
		} {
			t.Run(name, func(t *testing.T) {
				c := config(loops)
				inside, leave := make(chan struct{}), make(chan struct{})
				c.Handler = func(ctx *fasthttp.RequestCtx) {
					if string(ctx.Path()) == "/last" {
						close(inside)
						<-leave
					}
					echo(ctx)
				}
				s := run(t, c)
				conn := dialNarrow(t, s.listener.Addr())
				const size = 10 << 10
				conn.send(strings.Repeat(get("/large/10240"), 3) + last)
				<-inside
				conn.send(get("/more"))
				close(leave)
				conn.awaitRead() // or the server has closed
				for range 3 {
					if n := conn.answer(200, "GET /large").ContentLength; n < size {
						t.Errorf("an answer of %d bytes", n)
					}
				}
				conn.last(200, "GET /last")
				s.end(t)
			})
		}
	})
}

// TestSmallFirst: requests with large bodies that are there already are answered after a small one
// that came last.
func TestSmallFirst(t *testing.T) {
	const large = 10
	c := config(1)
	o := newOrder()
	c.Handler = o.handle
	s := run(t, c)
	busy, modest := s.dial(t), s.dial(t)
	var crowd []*client
	for range large {
		crowd = append(crowd, s.dial(t))
	}
	s.await(t, large+2)
	busy.send(get("/first"))
	<-o.inside // the loop waits while the others send
	for _, other := range crowd {
		other.send(post("/many", filler(20<<10)))
	}
	modest.send(get("/one"))
	close(o.first)
	modest.answer(200, "")
	if n := o.before.Load(); n > 0 {
		t.Errorf("%d large requests were answered before the small one", n)
	}
	for _, other := range crowd {
		other.answer(200, "")
	}
	busy.answer(200, "")
	s.end(t)
}
