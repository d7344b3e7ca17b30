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
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

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
	http    *fasthttp.Server
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	limits  limits
	conns   conns

	running  atomic.Pointer[running]
	draining atomic.Bool

	mu        sync.Mutex
	listeners []*listener
}

// running is what a request needs of the configuration. It is immutable: a new configuration is a new one.
type running struct {
	signer   *video.Signer
	cors     cors
	verifier verifier
}

// Settings are what a server needs of a configuration.
type Settings struct {
	Signer         *video.Signer  // whose CDNs verify, too
	Leeway         int64          // seconds that clocks may differ, for /verify
	Origins        []string       // that may ask from a browser, or "*"
	TrustedProxies []netip.Prefix // whose word for a client's address /verify takes
}

// New makes a server. now is the clock.
func New(c Settings, log *slog.Logger, now func() time.Time) *Server {
	s := &Server{log: log, now: now, limits: limits{
		connections: MaxConnections, request: requestTimeout, idle: idleTimeout, tick: time.Second,
	}}
	s.metrics = newMetrics(func() float64 { return float64(s.conns.len()) })
	s.Use(c)
	s.http = &fasthttp.Server{
		Handler:       s.Handler,
		ErrorHandler:  s.refuse,
		ExpectHandler: s.expect,
		Logger:        silent{},

		MaxRequestBodySize: MaxBody,
		ReadBufferSize:     MaxHeader,
		// The number of connections and their timeouts are limited by conns, at a fraction of the cost of a deadline
		// a request, and with an answer of our own.
		Concurrency: 2 * MaxConnections,

		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
		LazyRequestTime:              true,
		CloseOnShutdown:              true,
	}
	return s
}

// Use makes c the running configuration: requests that start from now on see it whole, the others the one before.
func (s *Server) Use(c Settings) {
	s.running.Store(&running{
		signer:   c.Signer,
		cors:     newCORS(c.Origins),
		verifier: verifier{cdns: c.Signer.CDNs.All(), proxies: c.TrustedProxies, leeway: c.Leeway},
	})
}

// Serve serves the connections of ln until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	l := &listener{Listener: ln, server: s}
	if !s.listen(l) {
		return nil
	}
	stop := s.conns.watch(s.limits)
	defer stop()
	return s.http.Serve(l)
}

// listen adds a listener to those that Shutdown closes. After Shutdown it closes it, and reports false: a signal may
// come before Serve is called, and fasthttp's Shutdown knows only the listeners that it serves already.
func (s *Server) listen(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		_ = l.Close()
		return false
	}
	s.listeners = append(s.listeners, l)
	return true
}

// Shutdown stops accepting connections and closes each when its request is answered. Where ctx ends first, it closes
// those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	err := s.http.ShutdownWithContext(ctx)
	if err != nil {
		s.conns.closeAll()
	}
	return err
}

// Handler answers one request. A panic below it is answered with 500 and logged, and the process lives on.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) {
	defer s.recover(ctx)
	s.route(ctx, s.running.Load())
	s.metrics.count(ctx.Response.StatusCode())
}

// silent is fasthttp's logger. What fasthttp logs is about requests that were bad, of which anyone can send any
// number, and quotes them, with the tokens and cookies in them. They are counted instead, as answers.
type silent struct{}

func (silent) Printf(string, ...any) {}
