package transport_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// gate is a handler whose requests for /wait/NAME wait, as often as the query says, until the gate
// lets NAME go.
type gate struct {
	mu    sync.Mutex
	wakes map[string]chan func()
	runs  atomic.Int64
}

func (g *gate) of(name string) chan func() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wakes == nil {
		g.wakes = map[string]chan func(){}
	}
	if g.wakes[name] == nil {
		g.wakes[name] = make(chan func(), 100)
	}
	return g.wakes[name]
}

func (g *gate) handle(ctx *fasthttp.RequestCtx) {
	g.runs.Add(1)
	name, waits := strings.CutPrefix(string(ctx.Path()), "/wait/")
	if !waits {
		fmt.Fprintf(ctx, "%s: %v", ctx.Path(), transport.Waited(ctx))
		return
	}
	times, _ := transport.Waited(ctx).(int)
	if want, _ := strconv.Atoi(string(ctx.QueryArgs().Peek("times"))); times == max(want, 1) {
		fmt.Fprintf(ctx, "%s waited %d times with %d bytes", name, times, len(ctx.Request.Body()))
		return
	}
	ctx.SetStatusCode(500)
	ctx.Response.Header.Set("X-Dropped", "this")
	fmt.Fprint(ctx, "is dropped")
	transport.Wait(ctx, times+1, func(wake func()) {
		if name == "now" {
			wake()
			return
		}
		g.of(name) <- wake
	})
}

// TestWait: a request that waits is answered once it is woken, by another run of its handler, with
// its body, in its place among the connection's other requests, which know nothing of it. Meanwhile
// other connections are served.
func TestWait(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		var g gate
		c := config(min(n, 1))
		c.Handler = g.handle
		r := run(t, c)
		defer r.end(t)
		waits := r.dial(t).send(get("/before") + post("/wait/a?times=2", filler(5000)) + get("/after") +
			get("/more") + get("/most"))
		waits.answer(200, "/before: <nil>")
		for range 2 {
			wake := <-g.of("a")
			r.dial(t).send(get("/other")).answer(200, "/other: <nil>")
			wake()
			wake() // which is harmless
		}
		if res := waits.answer(200, "a waited 2 times with 5000 bytes"); res.Header.Get(
			"X-Dropped") != "" || res.Header.Get("Content-Type") != "" {
			t.Errorf("headers of a run that was dropped: %v", res.Header)
		}
		waits.answer(200, "/after: <nil>")
		waits.answer(200, "/more: <nil>")
		waits.answer(200, "/most: <nil>")
		waits.send(get("/wait/now?times=3")).answer(200, "now waited 3 times")
		waits.send(get("/last")).answer(200, "/last: <nil>")
		if got := g.runs.Load(); got != 14 {
			t.Errorf("the handler ran %d times", got)
		}
	})
}

// TestWaitCrowd: a thousand connections wait at once beside one that does not, and all are
// answered.
func TestWaitCrowd(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		const crowd = 1000
		var g gate
		c := config(n)
		c.Handler = g.handle
		r := run(t, c)
		defer r.end(t)
		var clients []*client
		for i := range crowd {
			clients = append(clients, r.dial(t).send(get(fmt.Sprintf("/wait/%d", i%10))))
		}
		beside := r.dial(t)
		for i := range 10 {
			var all []func()
			for range crowd / 10 {
				all = append(all, <-g.of(strconv.Itoa(i)))
			}
			beside.send(get("/beside")).answer(200, "/beside")
			for _, wake := range all {
				go wake()
			}
		}
		for i, c := range clients {
			c.answer(200, fmt.Sprintf("%d waited 1 times", i%10))
		}
		beside.send(get("/beside")).answer(200, "/beside")
	})
}

// TestWaitGone: a client that goes away while its request waits, and wakes that come after, do no
// harm to the connection that has its place.
func TestWaitGone(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		var g gate
		c := config(min(n, 1))
		c.Handler = g.handle
		r := run(t, c)
		defer r.end(t)
		for range 3 {
			gone := r.dial(t).send(get("/wait/gone"))
			wake := <-g.of("gone")
			_ = gone.Close()
			next := r.dial(t).send(get("/wait/next"))
			last := <-g.of("next")
			wake()
			last()
			next.answer(200, "next waited 1 times")
			wake()
			next.send(get("/wait/next"))
			last() // of the wait before
			again := <-g.of("next")
			again()
			next.answer(200, "next waited 1 times")
		}
	})
}

// TestWaitDrain: a request that waits is answered before a server has shut down.
func TestWaitDrain(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		var g gate
		c := config(n)
		c.Handler = g.handle
		r := run(t, c)
		waits := r.dial(t).send(get("/wait/a"))
		wake := <-g.of("a")
		ended := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			ended <- r.Shutdown(ctx)
		}()
		if err := <-r.served; err != nil {
			t.Error(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("Shutdown returned %v while a request waited", err)
		default:
		}
		wake()
		waits.last(200, "a waited 1 times")
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// TestWaitLate: a request that waits for longer than its time is closed, and waking it later is
// harmless.
func TestWaitLate(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		var g gate
		c := config(n)
		c.Handler, c.RequestTimeout, c.Tick = g.handle, 50*time.Millisecond, 10*time.Millisecond
		r := run(t, c)
		defer r.end(t)
		waits := r.dial(t).send(get("/wait/a"))
		wake := <-g.of("a")
		waits.closed()
		wake()
	})
}

// TestWaitAbort: a request that waits does not keep a server whose time is up.
func TestWaitAbort(t *testing.T) {
	both(t, func(t *testing.T, n int) {
		var g gate
		c := config(n)
		c.Handler = g.handle
		r := run(t, c)
		waits := r.dial(t).send(get("/wait/a"))
		wake := <-g.of("a")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := r.Shutdown(ctx); err != context.Canceled {
			t.Errorf("Shutdown: %v", err)
		}
		waits.closed()
		wake()
		<-r.served
	})
}
