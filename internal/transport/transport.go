package transport

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/limits"
)

// Config has the handlers of a server and its limits. A zero value means the default,
// which package limits has.
type Config struct {
	Handler      fasthttp.RequestHandler
	ErrorHandler func(*fasthttp.RequestCtx, error) // answers malformed requests; nil: with 400
	// the whole answer to a connection over the limit
	Busy []byte
	// the whole answer to a request that is given up for its memory
	Full    []byte
	Refused func()       // is called for each answer of Busy or Full
	Log     *slog.Logger // errors of the server itself, never of requests

	MaxHeader      int // bytes of a request line with its headers
	MaxBody        int // bytes of a request's body
	MaxConnections int // that are open; never more than there are file descriptors for
	MaxMemory      int // bytes that unfinished requests hold

	RequestTimeout time.Duration // from a request's first byte to its answer's last
	IdleTimeout    time.Duration // between requests
	Tick           time.Duration // how exact these times are kept; 0: 250 ms

	// Loops is how many event loops there are. 0 is one for every CPU that Go uses. With [NoLoops],
	// or on a system without epoll, fasthttp serves every connection.
	Loops int
	// RequireLoops makes Serve fail if there can be no loops.
	RequireLoops bool
	// NoRing makes loops read and write each socket with a system call of its own, as they do where
	// the kernel has no io_uring, or forbids it.
	NoRing bool
}

// NoLoops is the number of loops with which fasthttp serves every connection.
const NoLoops = -1

// Server serves connections. Its methods are safe for concurrent use.
type Server struct {
	config Config
	http   *fasthttp.Server
	log    *slog.Logger

	open      atomic.Int64 // connections, whoever serves them
	evicted   atomic.Int64 // idle connections that were closed for new ones
	refused   atomic.Int64 // connections over the limit
	forgotten atomic.Int64 // requests that were evicted from memory
	memory    memory
	served    set    // those that fasthttp serves
	queue     *queue // those on their way to it
	turns     turns  // of their requests
	loops     []*loop

	mu        sync.Mutex
	listeners []*listener
	unwatch   func()       // ends the ticks; nil where they have not begun
	accepting atomic.Int64 // goroutines that may yet bring the loops a connection
	draining  atomic.Bool  // answers carry Connection: close
	stopping  atomic.Bool  // Shutdown was called
	aborted   atomic.Bool
}

// New makes a server.
func New(c Config) *Server {
	c.defaults()
	s := &Server{config: c, log: c.Log, turns: newTurns(c.Loops)}
	s.memory.limit = int64(c.MaxMemory)
	s.served.server = s
	s.http = newHTTP(s)
	return s
}

// handleServed is the handler for the connections that fasthttp serves.
func (s *Server) handleServed(ctx *fasthttp.RequestCtx) {
	ctx.Conn().(*served).handle(ctx, s.config.Handler)
	if s.draining.Load() {
		ctx.SetConnectionClose()
	}
	if ctx.Response.ConnectionClose() && !ctx.Request.Header.ConnectionClose() {
		Linger(ctx) // the client does not know that this answer is the last, and may be sending
	}
}

// refuse is the ErrorHandler for the connections that fasthttp serves. Not even the answer that
// refuses a HEAD has content (RFC 9110, section 9.3.2).
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	s.config.ErrorHandler(ctx, err)
	ctx.Response.SkipBody = ctx.IsHead() || ctx.Conn().(*served).framer.head == requestNumber(ctx)
}

func (c *Config) defaults() {
	orDefault(&c.MaxHeader, limits.Header)
	orDefault(&c.MaxBody, limits.Body)
	orDefault(&c.MaxConnections, limits.Connections)
	orDefault(&c.MaxMemory, limits.Memory)
	c.MaxConnections = descriptorLimit(c.MaxConnections)
	orDefault(&c.RequestTimeout, limits.RequestTime)
	orDefault(&c.IdleTimeout, limits.IdleTime)
	orDefault(&c.Tick, time.Second/4)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.ErrorHandler == nil {
		c.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
			ctx.Error("the request is malformed, or over a limit", fasthttp.StatusBadRequest)
		}
	}
	if c.Refused == nil {
		c.Refused = func() {}
	}
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Len is how many connections are open.
func (s *Server) Len() int { return int(s.open.Load()) }

// Limits are what a server is limited to, and what it did to keep within.
type Limits struct {
	InLoops         int64 // open connections that loops serve
	Connections     int   // that may be open
	Memory          int64 // bytes that unfinished requests may hold
	Held            int64 // bytes that they hold
	Refused         int64 // connections over the limit
	Evicted         int64 // idle connections closed for new ones
	EvictedRequests int64 // unfinished requests given up
}

// Limits returns the limits and counters as of now.
func (s *Server) Limits() Limits {
	s.mu.Lock() // the loops may be about to start
	inLoops := int64(0)
	for _, l := range s.loops {
		inLoops += l.load()
	}
	s.mu.Unlock()
	return Limits{
		InLoops: inLoops, Connections: s.config.MaxConnections, Memory: s.memory.limit,
		Held:    s.memory.held.Load(),
		Refused: s.refused.Load(), Evicted: s.evicted.Load(), EvictedRequests: s.forgotten.Load(),
	}
}

// Serve serves the connections of ln until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	l := &listener{Listener: ln, server: s}
	if err := s.register(l); err != nil || l.late {
		return err
	}
	if s.loops == nil {
		return s.http.Serve(l)
	}
	return s.deal(l)
}

// register adds a listener to those that Shutdown closes. With the first one it starts the loops
// and the ticks. After Shutdown it closes the listener: a signal may come before Serve is called,
// and fasthttp's Shutdown knows only the listeners that it serves already.
func (s *Server) register(l *listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		l.late = true
		return l.Close()
	}
	setInherited(l.Listener)
	l.early = backlog
	if s.unwatch == nil {
		if s.config.Loops != NoLoops {
			if err := s.startLoops(); err != nil {
				if s.config.RequireLoops {
					return err
				}
				s.log.Warn("no event loops, fasthttp reads the sockets", "error", err)
			}
		}
		s.unwatch = s.served.watch(s.config.Tick, s.config.RequestTimeout, s.config.IdleTimeout)
	}
	s.listeners = append(s.listeners, l)
	if s.loops != nil {
		l.openRaw()
		s.accepting.Add(1)
	}
	return nil
}

// startLoops starts the loops, and fasthttp for the connections that they hand over.
func (s *Server) startLoops() error {
	loops, err := newLoops(s)
	if err != nil {
		return err
	}
	s.loops, s.queue = loops, newQueue()
	restore := oneMoreProcessor()
	var ends sync.WaitGroup
	for _, l := range loops {
		ends.Go(l.run)
	}
	go func() {
		ends.Wait()
		restore()
		s.queue.end()
	}()
	go func() { _ = s.http.Serve(s.queue) }() // Accept has no error but the end
	// fasthttp's Shutdown waits only for what it serves already
	<-s.queue.asked
	return nil
}

// deal gives each connection of l to the loop with the fewest, until Shutdown.
func (s *Server) deal(l *listener) error {
	defer s.accepting.Add(-1)
	for {
		n, err := l.accept(l.acceptSocket)
		if err != nil {
			if s.stopping.Load() {
				return nil
			}
			return err
		}
		least := s.loops[0]
		for _, loop := range s.loops[1:] {
			if loop.load() < least.load() {
				least = loop
			}
		}
		if !least.add(n) { // not a socket
			s.queue.push(s.served.add(n.conn, nil))
		}
	}
}

// Drain has every answer carry Connection: close from now on. The listeners stay open and accept.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown closes the listeners and idle connections, and waits for the requests that have begun.
// If ctx ends first, it closes the connections that are left, and returns the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	s.stopping.Store(true)
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	err := s.http.ShutdownWithContext(ctx)
	if err != nil {
		s.aborted.Store(true)
		s.served.closeAll()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unwatch != nil { // the limits hold until now
		s.unwatch()
		s.unwatch = nil
	}
	return err
}
