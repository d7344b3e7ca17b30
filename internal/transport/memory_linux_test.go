package transport_test

import (
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestMemoryQueued: when complete requests that wait for their turn hold more memory than they may,
// the oldest of them are given up, and not a younger one that is still coming.
func TestMemoryQueued(t *testing.T) {
	const size = 64
	c := config(1)
	c.MaxMemory, c.Tick = 1<<20, 10*time.Millisecond
	c.Full = []byte("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n" +
		"Content-Length: 4\r\n\r\nfull")
	inside, turn := make(chan struct{}), make(chan struct{})
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/held" {
			inside <- struct{}{}
			<-turn
		}
	}
	s := run(t, c)
	awaitTicks := func() {
		t.Helper()
		for end := s.Tick() + 2; s.Tick() < end; time.Sleep(time.Millisecond) {
		}
	}
	first, modest := s.dial(t), s.dial(t)
	var crowd []*client
	for range size {
		crowd = append(crowd, s.dial(t))
	}
	s.await(t, size+2)
	first.send(get("/held"))
	<-inside // the loop waits while the others send
	for _, c := range crowd {
		c.send(post("/held", filler(30<<10)))
	}
	turn <- struct{}{}
	<-inside // the first of the crowd has its turn, and the others are queued
	if held := s.Limits().Held; held <= 1<<20 {
		t.Fatalf("they hold %d bytes", held)
	}
	awaitTicks()
	modest.send(raw("POST / HTTP/1.1", "x", "Host: h", "Content-Length: 2"))
	turn <- struct{}{}
	<-inside // the loop has read the modest one's beginning, and given up what is too much
	modest.awaitRead()
	if n := s.Limits().EvictedRequests; n == 0 || n >= size-1 {
		t.Errorf("%d of %d were given up", n, size)
	}
	awaitTicks() // until the next ones may be given up
	go func() {
		for range inside {
			turn <- struct{}{}
		}
	}()
	turn <- struct{}{}
	modest.send("x").answer(200, "")
	first.answer(200, "")
	answers := map[string]int{}
	for _, c := range crowd {
		b, err := c.r.Peek(len("HTTP/1.1 200"))
		if err != nil {
			t.Error(err)
		}
		answers[string(b)]++
	}
	full := int(s.Limits().EvictedRequests)
	if answers["HTTP/1.1 503"] != full || answers["HTTP/1.1 200"] != size-full {
		t.Errorf("%v, of which %d were given up", answers, full)
	}
	s.end(t)
	close(inside)
	if held := s.Limits().Held; held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
}
