package transport

import (
	"cmp"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// set holds the connections that fasthttp serves. At each tick, watch looks for those that are
// late. A few scans a second replace the three deadlines that fasthttp would set for each request,
// each of which reads the clock and sets a timer. Loops use the same ticks.
type set struct {
	server *Server
	tick   atomic.Int64 // how many there were
	mu     sync.Mutex
	conns  map[*served]struct{}
	closed bool // all of them, and all that come
}

// served is a connection that fasthttp serves. It knows what it waits for, and since when.
type served struct {
	net.Conn
	state   atomic.Int64 // a tick, and in the lowest bit whether a request began then, or the wait for one
	set     *set
	tcp     net.TCPConn // what Conn is, mostly: on the same cache line as the state, instead of on one of its own
	early   *early      // nil where there is none, or no more
	lingers atomic.Bool
	sending atomic.Int32 // whether early has something unsent, see below
	told    int64        // the tick in which it was told that it is late, 0 before that; under the set's lock
	framer  framer
	held    atomic.Int64 // bytes of the request, in the server's count
}

// early is what a loop leaves to fasthttp with a connection.
type early struct {
	unsent []byte // answers that the socket did not take
	last   bool   // after them, the connection closes
	read   []byte // requests, or the beginning of one
	since  int64  // the tick in which that began
}

// The states of sending what a loop left unsent. Meanwhile fasthttp believes that the connection is
// idle, and its Shutdown closes it. That has to wait.
const (
	sent         = iota
	sends        // it is sent
	sendsAndEnds // and then the connection closes
)

// active is the bit of a state that says that a request has begun and its answer was not sent.
const active = 1

// add adds a connection to the set.
func (s *set) add(c net.Conn, e *early) *served {
	added := &served{Conn: c, set: s, early: e, framer: framer{maxBody: s.server.config.MaxBody}}
	if t, ok := c.(*net.TCPConn); ok {
		added.tcp = *t
		added.Conn = &added.tcp
	}
	if added.enter(0); e != nil {
		added.lingers.Store(e.last)
		added.state.Store(e.since<<1 | active)
		added.sending.Store(int32(min(len(e.unsent), sends)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = added.Conn.Close() // fasthttp will find it so
	}
	if s.conns == nil {
		s.conns = map[*served]struct{}{}
	}
	s.conns[added] = struct{}{}
	return added
}

// remove reports whether the connection was there: it may be called again.
func (s *set) remove(c *served) bool {
	s.mu.Lock()
	_, there := s.conns[c]
	delete(s.conns, c)
	s.mu.Unlock()
	if there {
		s.server.open.Add(-1)
	}
	return there
}

// longestIdle returns the tick since which a connection is idle at the longest, never if there is
// none.
func (s *set) longestIdle() int64 {
	oldest := int64(never)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if state := c.state.Load(); state&active == 0 {
			oldest = min(oldest, state>>1)
		}
	}
	return oldest
}

// closeIdle closes up to n connections that are idle since a tick.
func (s *set) closeIdle(since int64, n int) (closed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if closed < n && c.state.Load() == since<<1 {
			_ = c.Conn.Close() // fasthttp will find it so
			delete(s.conns, c)
			s.server.open.Add(-1)
			closed++
		}
	}
	return closed
}

// oldestRequest returns the tick in which the oldest request began that is not given up, never if
// there is none.
func (s *set) oldestRequest() int64 {
	oldest := int64(never)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if state := c.state.Load(); state&active != 0 && c.told == 0 {
			oldest = min(oldest, state>>1)
		}
	}
	return oldest
}

// evict gives up the oldest requests that hold n bytes. They are answered with 408.
func (s *set) evict(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*served
	for c := range s.conns {
		if c.told == 0 && c.held.Load() > 0 {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *served) int { return cmp.Compare(a.state.Load(), b.state.Load()) })
	for _, c := range all {
		if n <= 0 {
			return
		}
		n -= c.held.Load()
		c.told = max(s.tick.Load(), 1)
		s.server.forgotten.Add(1)
		_ = c.SetReadDeadline(past)
	}
}

func (s *set) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.Conn.Close()
	}
}

// watch scans the connections until the function it returns is called.
func (s *set) watch(tick, request, idle time.Duration) (stop func()) {
	ticker := time.NewTicker(tick)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				s.tick.Add(1)
				s.expire(ticks(request, tick), ticks(idle, tick))
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}

func ticks(d, tick time.Duration) int64 { return int64((d + tick - 1) / tick) }

// past is a deadline that ends a read which waits.
var past = time.Unix(1, 0)

// expire closes the connections that were idle for too long. If a request takes too long, its next
// read fails, which fasthttp answers with 408; if the client does not take the answer, it is closed
// too.
func (s *set) expire(request, idle int64) {
	now := s.tick.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		state := c.state.Load()
		switch waited := now - state>>1; {
		case state&active == 0 && waited > idle:
			_ = c.Conn.Close()
		case state&active != 0 && waited > request && c.told == 0:
			c.told = max(now, 1)
			_ = c.SetReadDeadline(past)
		case state&active != 0 && waited > request && now-c.told > 1: // it does not take the 408
			_ = c.Conn.Close()
		}
	}
}

// enter notes that a request begins, with active, or the wait for one.
func (c *served) enter(bit int64) { c.state.Store(c.set.tick.Load()<<1 | bit) }

func (c *served) Read(b []byte) (int, error) {
	if c.early != nil {
		if err := c.sendEarly(); err != nil {
			return 0, err
		}
	}
	waits := c.framer.waits()
	switch {
	case c.framer.finished && len(c.framer.ready) == 0: // the answer was sent
		c.framer.finished = false
		if waits {
			c.enter(0)
			c.hold(0)
		} else {
			c.enter(active)
		}
	case !waits && c.state.Load()&active == 0:
		c.enter(active) // the beginning of a request came with the one before
	}
	return c.framer.read(socket{c}, b)
}

// sendEarly sends what a loop could not send, and takes over what it read.
func (c *served) sendEarly() (err error) {
	e := c.early
	if len(e.unsent) > 0 {
		_, err = c.Conn.Write(e.unsent)
		e.unsent = nil
		c.enter(min(active, int64(len(e.read))))
		if c.sending.Swap(sent) == sendsAndEnds {
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
	if e.last {
		return io.EOF
	}
	c.framer.in, c.early = e.read, nil
	return nil
}

// socket is the connection itself, to the framer.
type socket struct{ c *served }

func (s socket) Read(b []byte) (int, error) {
	if s.c.state.Load()&active != 0 {
		s.c.hold(servedCost + int64(s.c.framer.memory()))
	}
	n, err := s.c.Conn.Read(b)
	if n > 0 && s.c.state.Load()&active == 0 {
		s.c.enter(active)
	}
	return n, err
}

// Write writes an interim answer, which ends no wait.
func (s socket) Write(b []byte) (int, error) { return s.c.Conn.Write(b) }

// servedCost is about what a request costs that fasthttp serves, besides its bytes: a goroutine's
// stack and a reader.
const servedCost = 24 << 10

// hold counts what the request holds that is still being read.
func (c *served) hold(n int64) {
	m := &c.set.server.memory
	if old := c.held.Swap(n); old != n {
		m.held.Add(n - old)
		if n > old && m.isDue() {
			c.set.evict(m.excess())
		}
	}
}

// Linger has the connection of a request, which fasthttp serves, closed gracefully. The client may
// still be sending, and a close with unread bytes becomes a reset, which can overtake the answer
// (RFC 9112, section 9.6).
func Linger(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*served); ok {
		c.lingers.Store(true)
	}
}

const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// Close may be called again.
func (c *served) Close() error {
	if c.sending.CompareAndSwap(sends, sendsAndEnds) || c.sending.Load() == sendsAndEnds {
		return nil
	}
	if c.set.remove(c) {
		c.hold(0)
	}
	if c.lingers.Load() {
		drain(c.Conn)
	}
	return c.Conn.Close()
}

// drain ends the sending direction, and reads for a while what the client is still sending.
func drain(c net.Conn) {
	if t, ok := c.(interface{ CloseWrite() error }); ok && t.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c, lingerBytes)
	}
}
