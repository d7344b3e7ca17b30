package transport_test

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestKept: a handler that is late keeps its request, whatever its loop reads next.
func TestKept(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	type kept struct{ want, got string }
	goOn, found := make(chan struct{}), make(chan kept, len(letters))
	c := config(1)
	c.Handler = func(ctx *fasthttp.RequestCtx) {
		body := ctx.Request.Body()
		want := string(body)
		go func() {
			<-goOn
			found <- kept{want, string(body)}
		}()
		ctx.TimeoutError("late")
	}
	s := run(t, c)
	conn := s.dial(t)
	all, half := "", len(letters)/2
	for _, l := range letters {
		all += post("/", strings.Repeat(string(l), 100))
	}
	each := len(all) / len(letters)
	conn.send(all[:half*each]) // in one segment
	for i := range letters {
		if i >= half { // each in its own
			conn.send(all[i*each : (i+1)*each])
		}
		conn.answer(408, "late")
	}
	close(goOn)
	for range letters {
		if k := <-found; k.got != k.want {
			t.Errorf("a body of %q became one of %q", k.want, k.got)
		}
	}
	_ = conn.Close()
	s.end(t)
}
