package transport

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/valyala/fasthttp"
)

// TestHandlersTakeTurns: of the requests that fasthttp serves, one is handled at a time, in order;
// small ones do not wait for many large ones, and a request that waits for something else is in
// nobody's way.
func TestHandlersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{turns: turns{make(chan struct{}, 1), make(chan struct{}, 1)}}
		var order []string
		var wake func()
		leave := make(chan struct{})
		start := func(name string, size int) {
			c := &served{set: &set{server: s}}
			ctx := &fasthttp.RequestCtx{}
			ctx.Request.SetBodyRaw(make([]byte, size))
			go c.handle(ctx, func(*fasthttp.RequestCtx) {
				order = append(order, name)
				if name == "waits" && c.memo == nil {
					c.wait(&pause{name, func(w func()) { wake = w }})
					return
				}
				<-leave
			})
			synctest.Wait()
		}
		start("waits", 1)
		for _, name := range []string{"large 1", "large 2", "large 3"} {
			start(name, largeBody+1)
		}
		start("small 1", largeBody)
		start("small 2", 1)
		wake()
		synctest.Wait()
		for range 6 {
			leave <- struct{}{}
			synctest.Wait()
		}
		want := []string{"waits", "large 1", "small 1", "small 2", "waits", "large 2", "large 3"}
		if !slices.Equal(order, want) {
			t.Errorf("the order was %q, want %q", order, want)
		}
	})
}
