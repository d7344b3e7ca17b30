package transport_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// glimpse is what a handler sees of a connection.
type glimpse struct {
	local, remote string
	ip            string
	id, number    uint64
	opened, asked time.Time
	tls, hijacked bool
}

// glimpses has a server tell what each request's handler sees, of two connections with three
// requests each.
func glimpses(t *testing.T, serve func(fasthttp.RequestHandler) server) (
	seen [2][3]glimpse, clients [2]net.Conn, addr string) {
	t.Helper()
	told := make(chan glimpse, 1)
	addr = start(t, serve(func(ctx *fasthttp.RequestCtx) {
		told <- glimpse{
			ctx.LocalAddr().String(), ctx.RemoteAddr().String(), ctx.RemoteIP().String(),
			ctx.ConnID(), ctx.ConnRequestNum(), ctx.ConnTime(), ctx.Time(), ctx.IsTLS(), ctx.Hijacked(),
		}
	}))
	for i := range clients {
		c, err := dialString(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing depends on it
		clients[i] = c
	}
	for n := range 3 {
		for i, conn := range clients {
			newClient(t, conn).send(post("/", "hello")).answer(200, "")
			seen[i][n] = <-told
		}
	}
	return seen, clients, addr
}

// TestView: a handler sees of its connection what it sees with stock fasthttp. A loop does not
// number connections and requests, and does not tell when a connection was opened: only fasthttp's
// own server can write these into a context.
func TestView(t *testing.T) {
	for _, network := range networks {
		t.Run(network, testView)
	}
}

func testView(t *testing.T) {
	remote, ip := func(client net.Conn) string { return client.LocalAddr().String() }, "127.0.0.1"
	if networkOf(t) == "unix" { // whose peers have no address; fasthttp has a way to say so
		remote, ip = func(net.Conn) string { return "@" }, "0.0.0.0"
	}
	for name, serve := range map[string]func(fasthttp.RequestHandler) server{
		"stock": func(h fasthttp.RequestHandler) server { s := stock(); s.Handler = h; return bare{s} },
		"loops": func(h fasthttp.RequestHandler) server {
			c := config(2)
			c.Handler = h
			return loops{transport.New(c)}
		},
		"no loops": func(h fasthttp.RequestHandler) server {
			c := config(transport.NoLoops)
			c.Handler = h
			return loops{transport.New(c)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			seen, clients, addr := glimpses(t, serve)
			after := time.Now()
			t.Run("addresses", func(t *testing.T) {
				for i, all := range seen {
					for _, g := range all {
						if g.local != addr || g.remote != remote(clients[i]) || g.ip != ip || g.tls || g.hijacked {
							t.Errorf("%+v at %s from %s", g, addr, remote(clients[i]))
						}
					}
				}
			})
			t.Run("time", func(t *testing.T) {
				for _, all := range seen {
					for _, g := range all {
						if g.asked.Before(before) || g.asked.After(after) {
							t.Errorf("%v is not within %v and %v", g.asked, before, after)
						}
					}
				}
			})
			if name == "loops" {
				return
			}
			t.Run("numbers", func(t *testing.T) {
				for _, all := range seen {
					for n, g := range all {
						if g.id != all[0].id || g.number != uint64(n)+1 {
							t.Errorf("request %d: connection %d, request %d", n+1, g.id, g.number)
						}
					}
				}
				if seen[0][0].id == seen[1][0].id {
					t.Error("two connections have the same number")
				}
			})
			t.Run("opened", func(t *testing.T) {
				for _, all := range seen {
					for _, g := range all {
						if !g.opened.Equal(all[0].opened) || g.opened.Before(before) || g.opened.After(g.asked) {
							t.Errorf("opened %v, asked %v, the first opened %v", g.opened, g.asked, all[0].opened)
						}
					}
				}
			})
		})
	}
}

// TestDone: a request's context is done when the server shuts down, where fasthttp serves it, and
// never in a loop, as with every server that is not fasthttp's own.
func TestDone(t *testing.T) {
	both(t, func(t *testing.T, loops int) {
		c := config(loops)
		inside, told := make(chan struct{}), make(chan bool)
		c.Handler = func(ctx *fasthttp.RequestCtx) {
			close(inside)
			select {
			case <-ctx.Done():
				ctx.SetBodyString("told")
			case <-told:
				ctx.SetBodyString("not told")
			}
		}
		s := run(t, c)
		want := "told"
		waiting := s.dial(t).send(get("/"))
		<-inside
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		if loops != transport.NoLoops {
			want = "not told"
			<-s.served // Shutdown has begun
			s.served <- nil
			close(told)
		}
		waiting.last(200, want)
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.ended(t)
	})
}

// TestHijack: a loop has no connection to give away, and says so; what fasthttp serves, a handler
// may have.
func TestHijack(t *testing.T) {
	c := config(1)
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		ctx.SetBodyString("before")
		if string(ctx.Path()) != "/hijack" {
			return
		}
		ctx.Hijack(func(c net.Conn) { _, _ = c.Write([]byte("mine")) })
	}
	s := run(t, c)
	plain := s.dial(t)
	plain.send(get("/")+get("/hijack")+get("/behind")).answer(200, "before")
	plain.last(500, "")
	again := s.dial(t)
	again.send(get("/")).answer(200, "before")
	upgraded := s.dial(t)
	upgraded.send(get("/hijack", "Connection: Upgrade", "Upgrade: x")).answer(200, "before")
	var b [4]byte
	if _, err := upgraded.r.Read(b[:]); err != nil || string(b[:]) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
	upgraded.closed()
	_ = again.Close()
	s.end(t)
}

// TestPlain: what is plain stays in the loop. There the handler's connection cannot be written to.
func TestPlain(t *testing.T) {
	for _, network := range networks {
		t.Run(network, testPlain)
	}
}

func testPlain(t *testing.T) {
	c := config(1)
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		if _, err := ctx.Conn().Write(nil); err != nil {
			ctx.SetBodyString("loop")
		} else {
			ctx.SetBodyString("fasthttp")
		}
	}
	s := run(t, c)
	for name, plain := range map[string]string{
		"get": get("/"), "head and body": post("/", "hello"), "large": post("/", filler(16<<10)),
		"query": get("/a?b=c"), "PUT": request("PUT", "/", ""),
		"keep-alive": get("/", "Connection: keep-alive"), "fields": get("/", "Accept: */*",
			"User-Agent: x", "Cookie: a=b"), "method": request("M-SEARCH", "/", ""),
		"HTTP/1.0":      raw("GET / HTTP/1.0", "", "Host: h", "Connection: keep-alive"),
		"absolute form": get("http://other/a?b"), "two slashes": get("//a"),
	} {
		conn := s.dial(t)
		for range 2 {
			conn.send(plain).answer(200, "loop")
			conn.send(plain[:len(plain)/2])
			conn.awaitRead()
			conn.send(plain[len(plain)/2:]).answer(200, "loop")
			conn.send(plain+plain).answer(200, "loop")
			if res := conn.answer(200, "loop"); res.Close {
				t.Errorf("%s: closes", name)
			}
		}
		_ = conn.Close()
	}
	for _, last := range []string{
		get("/", "Connection: close"), post("/", "hello", "Connection: close"),
		raw("GET / HTTP/1.0", "", "Host: h"),
	} {
		conn := s.dial(t)
		conn.send(last).last(200, "loop")
		conn = s.dial(t)
		conn.send(get("/")+last).answer(200, "loop")
		conn.last(200, "loop")
	}
	for _, odd := range []string{
		raw("GET / HTTP/1.0", "", "Connection: keep-alive"),
		get("/", "Connection: Upgrade", "Upgrade: x"),
		raw("POST / HTTP/1.1", "0\r\n\r\n", "Host: h", "Transfer-Encoding: chunked"),
		post("/", filler(38<<10)),
	} {
		conn := s.dial(t)
		conn.send(odd).answer(200, "fasthttp")
		_ = conn.Close()
	}
	s.end(t)
}
