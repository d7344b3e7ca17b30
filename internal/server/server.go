// Package server is the HTTP service: routes, limits, errors, CORS, and the admin endpoints.
//
// Most callers want [New], then [Server.Serve] with a listener of their own and [Server.Shutdown]
// at the end. [Server.Handler] is the whole service as one function of a request, for another
// transport to call.
package server

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
	"videotoken/internal/limits"
	"videotoken/internal/revoked"
	"videotoken/internal/scheme"
	"videotoken/internal/transport"
	"videotoken/internal/video"
)

// The limits that the other listeners of a program have, too.
const (
	MaxBody   = limits.Body // where Settings have no other
	MaxHeader = limits.Header
)

// Server serves one configuration at a time. Its methods are safe for concurrent use.
type Server struct {
	transport *transport.Server
	log       *slog.Logger
	clock     func() time.Time // nil: the system's
	metrics   *metrics
	maxBody   int
	state     atomic.Pointer[state]
	draining  atomic.Bool
	revoked   *revoked.Set
	// the most seconds that a token is good or renewed, of all configurations
	horizon  atomic.Int64
	reload   func() error
	build    Build
	requests io.Writer // the access log
}

// state is the part of the configuration that requests read. It never changes: Use stores a new
// one.
type state struct {
	signer   *video.Signer
	callers  *caller.Set        // nil: anybody may ask
	refused  map[string]counter // by the caller's name; "" for an unknown key
	cors     cors
	verifier verifier
	admin    Admin

	accessLog AccessLog
}

// Limits bound what clients can make the server hold. A zero value means the default, which package
// limits has.
type Limits struct {
	Body        int   // bytes of a request's body
	Connections int   // that are open; never more than there are file descriptors for
	Memory      int64 // bytes that unfinished requests hold: a quarter of the memory there is
}

// Settings are the values of a configuration that a server needs.
type Settings struct {
	Signer         *video.Signer  // whose CDNs verify, too
	Callers        *caller.Set    // who may ask; nil: anybody
	Leeway         int64          // seconds that clocks may differ, for /verify
	CORS           CORS           // which pages may ask from a browser
	TrustedProxies []netip.Prefix // whose ClientAddress header /verify believes
	TrustUnix      bool           // so that it also believes peers at Unix sockets
	ClientAddress  ClientAddress  // the header that names the client's address
	Admin          Admin          // who may use the admin endpoints
	AccessLog      AccessLog      // which requests are logged

	// What Use cannot change.
	Transport  Transport          // who reads the sockets
	Limits     Limits             // what clients can make the server hold
	Revoked    *revoked.Set       // the sessions that are over; nil: none
	Signatures *scheme.Signatures // what the CDNs' private keys have signed; nil: they have none
	// reads the configuration again, for POST /reload; nil: there is none
	Reload      func() error
	Build       Build         // for GET /version
	Requests    io.Writer     // takes the lines of AccessLog, a Write each; nil: nowhere
	DroppedLogs func() uint64 // how many log lines were dropped; nil: none
}

// Build says which program runs.
type Build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the files were not those of the commit
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// Transport is who reads the sockets: see package transport.
type Transport string

// The transports.
const (
	Auto     Transport = "auto"     // the best there is
	Epoll    Transport = "epoll"    // event loops, or nothing
	FastHTTP Transport = "fasthttp" // its own loop
)

// New makes a server. now is the clock. With nil it is the system's, which a loop reads once for
// all requests that it finds when it wakes up.
func New(c Settings, log *slog.Logger, now func() time.Time) *Server {
	return newWithin(transport.Config{MaxConnections: c.Limits.Connections}, c, log, now)
}

// newWithin makes a server with the limits of t.
func newWithin(t transport.Config, c Settings, log *slog.Logger, now func() time.Time) *Server {
	s := &Server{log: log, clock: now, maxBody: c.Limits.Body, revoked: c.Revoked, reload: c.Reload,
		build: c.Build, requests: c.Requests}
	if s.requests == nil {
		s.requests = io.Discard
	}
	if s.maxBody <= 0 {
		s.maxBody = MaxBody
	}
	s.metrics = newMetrics(s, c)
	s.Use(c)
	t.Handler, t.ErrorHandler = s.Handler, s.refuse
	if t.MaxMemory == 0 {
		t.MaxMemory = int(min(memoryLimit(c.Limits.Memory), math.MaxInt))
	}
	t.Busy, t.Full = busy("too many connections"), busy("too many unfinished requests")
	t.Refused, t.Log = func() {
		s.metrics.count(0, noRoute, fasthttp.StatusServiceUnavailable)
	}, log
	t.MaxHeader, t.MaxBody = MaxHeader, s.maxBody
	switch c.Transport {
	case FastHTTP:
		t.Loops = transport.NoLoops
	case Epoll:
		t.RequireLoops = true
	}
	s.transport = transport.New(t)
	return s
}

// now is the time.
func (s *Server) now() time.Time {
	if s.clock == nil {
		return time.Now()
	}
	return s.clock()
}

// seconds is the time of a request, in Unix seconds.
func (s *Server) seconds(ctx *fasthttp.RequestCtx) int64 {
	if s.clock == nil {
		return ctx.Time().Unix()
	}
	return s.clock().Unix()
}

// Use replaces the configuration. Requests that start from now on see all of c, requests that have
// started see the configuration before it.
func (s *Server) Use(c Settings) {
	s.horizon.Store(max(s.horizon.Load(), c.Signer.MaxTTL, c.Signer.MaxRenew))
	s.metrics.useKeys(c.Signer.CDNs, s.now())
	signer := *c.Signer
	signer.Report = s.metrics.reporter(signer.CDNs)
	s.state.Store(&state{
		signer:   &signer,
		callers:  c.Callers,
		refused:  s.metrics.callers(c.Callers),
		cors:     newCORS(c.CORS),
		verifier: newVerifier(c, s.revoked, s.metrics),
		admin:    c.Admin,

		accessLog: c.AccessLog,
	})
}

// Reloaded notes that the configuration was read again, for the metrics. After an error the one
// before it goes on.
func (s *Server) Reloaded(err error) { s.metrics.reloads.note(err, s.now()) }

// MaxConnections returns how many connections may be open: what is configured, or less if there are
// not as many file descriptors.
func (s *Server) MaxConnections() int { return s.transport.Limits().Connections }

// Serve serves the connections of ln until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error { return s.transport.Serve(ln) }

// Drain prepares for Shutdown: /readyz is 503 from now on and every answer carries Connection:
// close, while the listeners stay open, so that load balancers move away before connections are
// refused.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.transport.Drain()
}

// Shutdown closes the listeners and idle connections, and waits for the requests that have begun.
// If ctx ends first, it closes the connections that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	return s.transport.Shutdown(ctx)
}

// Handler answers one request. If the handler of a route panics, the answer is 500 and the panic is
// logged.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) {
	defer s.answerPanic(ctx)
	c := s.state.Load()
	r, o := s.route(ctx, c)
	s.finish(ctx, c, r, o)
}
