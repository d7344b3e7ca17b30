package transport

import (
	"sync"

	"github.com/valyala/fasthttp"
)

// Wait has a request wait for something that takes long, without holding up its loop. A handler
// calls it last. Whatever it wrote into the response is dropped. Start is called once the handler
// has returned, and the handler runs again, from its beginning, when start's wake was called. Wake
// may be called by any goroutine, at once or later, and again; it costs its caller nothing. To the
// next run of the handler, [Waited] returns the state.
//
// In a loop the connection is waiting meanwhile (state waiting); in fasthttp its goroutine waits.
// The limits hold for both: a request that waits for too long is closed.
func Wait(ctx *fasthttp.RequestCtx, state any, start func(wake func())) {
	ctx.Conn().(waiter).wait(&pause{state, start})
}

// Waited returns the state that a request was given when it waited last, nil if it did not.
func Waited(ctx *fasthttp.RequestCtx) any {
	if w, ok := ctx.Conn().(waiter); ok {
		return w.waited()
	}
	return nil
}

// waiter is a connection whose request can wait: in a loop, or in fasthttp.
type waiter interface {
	wait(*pause)
	waited() any
}

// pause is what a request waits for.
type pause struct {
	state any
	start func(wake func())
}

func (c *served) wait(w *pause) { c.pause = w }
func (c *served) waited() any   { return c.memo }

// handle runs a handler until it does not wait.
func (c *served) handle(ctx *fasthttp.RequestCtx, handler fasthttp.RequestHandler) {
	for {
		c.set.server.turns.take(ctx, handler)
		w := c.pause
		if w == nil {
			c.memo = nil
			return
		}
		c.pause, c.memo = nil, w.state
		ctx.Response.Reset()
		ctx.Response.Header.SetNoDefaultContentType(true)
		woken := make(chan struct{})
		var once sync.Once
		w.start(func() { once.Do(func() { close(woken) }) })
		<-woken
	}
}
