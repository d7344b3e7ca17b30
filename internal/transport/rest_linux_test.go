package transport_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestRest: a loop rests now and then while connections wait for their turns, if there are others.
// It never does if there are none. A rest is when its thread gives up the processor by itself,
// which the kernel counts.
func TestRest(t *testing.T) {
	const (
		greedy = 4
		times  = 400 // requests of each, whose answers a socket takes at once
		turns  = greedy * times / 2
		rests  = turns / 64 // half as many as there are, for an event may come in one
	)
	for name, others := range map[string]int{"others": 1, "no others": 0} {
		t.Run(name, func(t *testing.T) {
			c := config(1)
			o, last := newOrder(), make(chan int, 1)
			before := 0
			c.Handler = func(ctx *fasthttp.RequestCtx) {
				o.handle(ctx)
				switch {
				case string(ctx.Path()) == "/first":
					runtime.LockOSThread() // the loop's goroutine stays where its switches are counted
					before = switches(t)
				case o.many.Load() == greedy*times:
					last <- switches(t) - before
					runtime.UnlockOSThread()
				}
			}
			s := run(t, c)
			var crowd []*client
			for range greedy + others {
				one := s.dial(t)
				one.send(get("/before")).answer(200, "")
				crowd = append(crowd, one)
			}
			crowd[0].send(get("/first"))
			<-o.inside // the loop waits while all of them send
			for _, one := range crowd[:greedy] {
				one.send(strings.Repeat(get("/many"), times))
			}
			close(o.first)
			switch n := <-last; {
			case others > 0 && n < rests:
				t.Errorf("%d rests in %d turns; want %d", n, turns, rests)
			case others == 0 && n >= rests:
				t.Errorf("%d rests in %d turns, and nobody else is there", n, turns)
			}
			crowd[0].answer(200, "")
			for _, one := range crowd[:greedy] {
				for range times {
					one.answer(200, "")
				}
			}
			s.end(t)
		})
	}
}

// switches is how often the calling thread has given up the processor by itself.
func switches(t *testing.T) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", syscall.Gettid()))
	if err != nil {
		t.Error(err)
	}
	_, after, _ := bytes.Cut(b, []byte("\nvoluntary_ctxt_switches:"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil {
		t.Error(err)
	}
	return n
}
