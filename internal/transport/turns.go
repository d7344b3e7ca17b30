package transport

import "github.com/valyala/fasthttp"

// turns has the requests that fasthttp serves take turns, in order. Each is a goroutine, and
// hundreds of goroutines that can run keep Go's scheduler from going back to a loop for a hundred
// milliseconds (see the package's doc). So only a few handlers run at a time. Of these, not all may
// have large bodies: a small request is not to wait for many large ones.
type turns struct {
	all   chan struct{} // has a value for each handler that runs
	large chan struct{} // has one for each that runs, or is the next, and has a large body
}

// largeBody is how long a body is whose request waits for others like it.
const largeBody = 8 << 10

// newTurns lets handlers run on half of the processors; without loops on all of them.
func newTurns(loops int) turns {
	n := cpus()
	if loops != NoLoops {
		n = max(1, n/2)
	}
	return turns{make(chan struct{}, n), make(chan struct{}, max(1, n/2))}
}

// take calls a handler when it is the request's turn.
func (t *turns) take(ctx *fasthttp.RequestCtx, handler fasthttp.RequestHandler) {
	if len(ctx.Request.Body()) > largeBody {
		t.large <- struct{}{}
		defer func() { <-t.large }()
	}
	t.all <- struct{}{}
	defer func() { <-t.all }()
	handler(ctx)
}
