// Package server is the HTTP service: routes, limits, errors, CORS, and the admin endpoints.
//
// Most callers want [New], then [Server.Serve] with a listener of their own and [Server.Shutdown] at the end.
// [Server.Handler] is the whole service as one function of a request, for another transport to call.
package server

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
	"videotoken/internal/video"
)

// The limits. A request beyond them is answered with 408, 413, 431 or 503.
const (
	MaxBody        = 64 << 10 // bytes of a request's body
	MaxHeader      = 16 << 10 // bytes of a request line with its headers
	MaxConnections = 100_000

	requestTimeout = 10 * time.Second // from a request's first byte to its answer's last
	idleTimeout    = 75 * time.Second // between requests: longer than the 60 s that proxies keep a connection
)

// Server serves one configuration at a time. Its methods are safe for concurrent use.
type Server struct {
	transport *transport.Server
	log       *slog.Logger
	now       func() time.Time
	metrics   *metrics
	state     atomic.Pointer[state]
	draining  atomic.Bool
}

// state is what a request needs of the configuration. It is immutable: a new configuration is a new one.
type state struct {
	signer   *video.Signer
	cors     cors
	verifier verifier
}

// Settings are what a server needs of a configuration.
type Settings struct {
	Signer         *video.Signer  // whose CDNs verify, too
	Leeway         int64          // seconds that clocks may differ, for /verify
	Origins        []string       // that may ask from a browser, or "*"
	TrustedProxies []netip.Prefix // whose ClientAddress header /verify believes
	TrustUnix      bool           // so that it also believes peers at Unix sockets
	ClientAddress  ClientAddress  // the header that names the client's address
	Transport      Transport      // who reads the sockets
}

// Transport is who reads the sockets: see package transport.
type Transport string

// The transports.
const (
	Auto     Transport = "auto"     // the best there is
	Epoll    Transport = "epoll"    // event loops, or nothing
	FastHTTP Transport = "fasthttp" // its own loop
)

// New makes a server. now is the clock.
func New(c Settings, log *slog.Logger, now func() time.Time) *Server {
	return newWithin(transport.Config{
		MaxConnections: MaxConnections, RequestTimeout: requestTimeout, IdleTimeout: idleTimeout, Tick: time.Second,
	}, c, log, now)
}

// newWithin makes a server with the limits of t.
func newWithin(t transport.Config, c Settings, log *slog.Logger, now func() time.Time) *Server {
	s := &Server{log: log, now: now}
	s.metrics = newMetrics(func() float64 { return float64(s.transport.Len()) })
	s.Use(c)
	t.Handler, t.ErrorHandler, t.ExpectHandler = s.Handler, s.refuse, s.expect
	t.Busy, t.Refused, t.Log = busy, func() { s.metrics.count(fasthttp.StatusServiceUnavailable) }, log
	t.MaxHeader, t.MaxBody = MaxHeader, MaxBody
	switch c.Transport {
	case FastHTTP:
		t.Loops = transport.NoLoops
	case Epoll:
		t.Insist = true
	}
	s.transport = transport.New(t)
	return s
}

// Use makes c the running configuration: requests that start from now on see it whole, the others the one before.
func (s *Server) Use(c Settings) {
	s.state.Store(&state{
		signer:   c.Signer,
		cors:     newCORS(c.Origins),
		verifier: newVerifier(c, s.metrics),
	})
}

// Serve serves the connections of ln until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error { return s.transport.Serve(ln) }

// Shutdown stops accepting connections and closes each when its request is answered. Where ctx ends first, it closes
// those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	return s.transport.Shutdown(ctx)
}

// Handler answers one request. A panic below it is answered with 500 and logged, and the process lives on.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) {
	defer s.recover(ctx)
	s.route(ctx, s.state.Load())
	s.metrics.count(ctx.Response.StatusCode())
}
