package transport_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// The limits of the servers under comparison: so low that a request just over them is still short.
const (
	maxHeader = 1 << 10
	maxBody   = 40 << 10 // more than a loop's buffer
)

// withoutRing is the number of loops that have no ring: see config.
const withoutRing = 3

// loopsOf is how many loops a test's server has: over Unix sockets those without a ring, so that
// both ways to read and send are tested.
func loopsOf(tb testing.TB) int {
	if networkOf(tb) == "unix" {
		return withoutRing
	}
	return 2
}

func config(loops int) transport.Config {
	return transport.Config{
		Handler: echo, ErrorHandler: refuse,
		MaxHeader: maxHeader, MaxBody: maxBody, Loops: loops, NoRing: loops == withoutRing,
		RequestTimeout: time.Hour, IdleTimeout: time.Hour, // stock has none
	}
}

// stock is fasthttp by itself, with the options of transport.New written down once more.
func stock() *fasthttp.Server {
	return &fasthttp.Server{
		Handler: echo, ErrorHandler: refuse,
		ReadBufferSize: maxHeader, MaxRequestBodySize: maxBody,
		Logger: quiet{}, SecureErrorLogMessage: true, LazyRequestTime: true, CloseOnShutdown: true,
		DisablePreParseMultipartForm: true, NoDefaultServerHeader: true, NoDefaultContentType: true,
	}
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// server is one of either kind.
type server interface {
	Serve(net.Listener) error
	ShutdownWithin(context.Context) error
}

type bare struct{ *fasthttp.Server }

func (b bare) ShutdownWithin(ctx context.Context) error { return b.ShutdownWithContext(ctx) }

type loops struct{ *transport.Server }

func (l loops) ShutdownWithin(ctx context.Context) error { return l.Shutdown(ctx) }

// trio are the servers that must answer alike, the model first.
type trio [3]string

var trioNames = trio{"stock fasthttp", "loops", "no loops"}

func startTrio(tb testing.TB) trio {
	tb.Helper()
	return trio{
		start(tb, bare{stock()}),
		start(tb, loops{transport.New(config(loopsOf(tb)))}),
		start(tb, loops{transport.New(config(transport.NoLoops))}),
	}
}

// start serves on a listener of listenAny until the test ends, and returns the address.
func start(tb testing.TB, s server) string {
	tb.Helper()
	ln := listenAny(tb)
	serve(tb, s, ln)
	return ln.Addr().String()
}

// serve serves a listener until the test ends.
func serve(tb testing.TB, s server, ln net.Listener) {
	tb.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.ShutdownWithin(ctx); err != nil {
			tb.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
}

// patience is how long a test waits for what must happen: it decides only how late a failure is
// told.
const patience = 60 * time.Second
