//go:build !race

package transport_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	raced = false

	requests = 50_000
)

// TestAllocations sends requests over a real connection. It is not for the race detector, which
// allocates.
func TestAllocations(t *testing.T) {
	c := config(1)
	answer := []byte("hello")
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/plain")
		ctx.Response.Header.Set("Cache-Control", "no-store")
		if len(ctx.Request.Body()) != 0 && len(ctx.Path()) == 0 || len(ctx.RemoteAddr().Network()) == 0 {
			ctx.SetStatusCode(500)
		}
		ctx.SetBody(answer)
	}
	s := run(t, c)
	defer s.end(t)
	for name, texts := range map[string][]string{
		"plain":     {get("/", "User-Agent: x", "Accept: */*", "Cookie: a=b")},
		"body":      {post("/", filler(2000), "Content-Type: application/json")},
		"pipelined": {strings.Repeat(get("/"), 16)},
		"head and body apart": {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", "hello",
			"hello"},
		"head in pieces": {"GE", "T / HTTP/1.1\r\nHost: h\r\nA", ": b\r\n\r\n"},
	} {
		var pieces [][]byte
		for _, p := range texts {
			pieces = append(pieces, []byte(p))
		}
		conn := s.dial(t)
		size := len(exchangeOnce(t, conn, pieces, nil))
		buf := make([]byte, size)
		// pieces take their time
		n := requests / max(1, strings.Count(texts[0], " HTTP/1.1"), 5*(len(texts)-1))
		for range 1000 {
			exchangeOnce(t, conn, pieces, buf)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			exchangeOnce(t, conn, pieces, buf)
		}
		runtime.ReadMemStats(&after)
		// The runtime has allocations of its own now and then, which are not the requests'.
		if mallocs := after.Mallocs - before.Mallocs; mallocs > 50 {
			t.Errorf("%s: %d allocations, having been sent %d times", name, mallocs, n)
		}
		_ = conn.Close()
	}
}

// TestBodyGarbage: long bodies, which fasthttp serves, leave little to the collector, which would
// delay the loops.
func TestBodyGarbage(t *testing.T) {
	const times, most = 300, 16 << 10
	for name, request := range map[string][]byte{
		"length": []byte(post("/", filler(38<<10))),
		"chunks": []byte(raw("POST / HTTP/1.1", "9000\r\n"+filler(0x9000)+"\r\n0\r\n\r\n", "Host: h",
			"Transfer-Encoding: chunked")),
	} {
		c := config(1)
		c.Handler = func(ctx *fasthttp.RequestCtx) {}
		s := run(t, c)
		conn := s.dial(t)
		size := len(exchangeOnce(t, conn, [][]byte{request}, nil))
		buf := make([]byte, size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range times {
			exchangeOnce(t, conn, [][]byte{request}, buf)
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / times; each > most {
			t.Errorf("%s: a body of %d bytes leaves %d bytes, at most %d", name, len(request), each, most)
		}
		_ = conn.Close()
		s.end(t)
	}
}

// exchangeOnce sends a request in pieces, and reads as many bytes as buf has room for; with none,
// whatever is there.
func exchangeOnce(t *testing.T, c *client, pieces [][]byte, buf []byte) []byte {
	for i, p := range pieces {
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
		if i < len(pieces)-1 {
			// For the loop to read it, mostly. A sleep would take a millisecond.
			for until := time.Now().Add(20 * time.Microsecond); time.Now().Before(until); {
				runtime.Gosched()
			}
		}
	}
	if buf != nil {
		if _, err := io.ReadFull(c.Conn, buf); err != nil {
			t.Fatal(err)
		}
		return buf
	}
	n := bytes.Count(bytes.Join(pieces, nil), []byte(" HTTP/1.1"))
	var all bytes.Buffer
	c.r.Reset(io.TeeReader(c.Conn, &all))
	for range n {
		c.answer(200, "")
	}
	return all.Bytes()
}
