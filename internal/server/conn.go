package server

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// limits are how many connections there may be, and how long each may take to do what. Times are kept to within a
// tick.
type limits struct {
	connections         int
	request, idle, tick time.Duration
}

// conns are the open connections. Once a tick, watch looks for those that are late: a scan a second instead of the
// three deadlines a request that fasthttp would set, each of which costs a reading of the clock and a timer.
type conns struct {
	tick    atomic.Int64 // how many there were
	watched atomic.Bool
	mu      sync.Mutex
	set     map[*conn]struct{}
}

// conn is a connection that knows what it waits for, and since when.
type conn struct {
	net.Conn
	state   atomic.Int64 // a tick, and in the lowest bit whether a request began then, or the wait for one
	conns   *conns
	tcp     net.TCPConn // what Conn is, mostly: on the same cache line as the state, instead of on one of its own
	lingers atomic.Bool
	interim bool     // the next write is an interim answer, with the request's body still to come
	_       [16]byte // to 64 bytes, which the allocator aligns to a cache line
}

// active is the bit of a state that says that a request has begun and is not answered yet.
const active = 1

// add makes a connection one of the set, unless the set is full.
func (cs *conns) add(c net.Conn, most int) *conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.set) >= most {
		return nil
	}
	if cs.set == nil {
		cs.set = map[*conn]struct{}{}
	}
	added := &conn{Conn: c, conns: cs}
	if t, ok := c.(*net.TCPConn); ok {
		added.tcp = *t
		added.Conn = &added.tcp
	}
	added.enter(0)
	cs.set[added] = struct{}{}
	return added
}

func (cs *conns) remove(c *conn) {
	cs.mu.Lock()
	delete(cs.set, c)
	cs.mu.Unlock()
}

// len is how many connections are open.
func (cs *conns) len() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.set)
}

func (cs *conns) closeAll() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.set {
		_ = c.Conn.Close()
	}
}

// watch scans the connections until the function it returns is called. Of two watches, the second does nothing.
func (cs *conns) watch(l limits) (stop func()) {
	if !cs.watched.CompareAndSwap(false, true) {
		return func() {}
	}
	ticker := time.NewTicker(l.tick)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				cs.tick.Add(1)
				cs.expire(l)
			}
		}
	}()
	return func() { ticker.Stop(); close(done); cs.watched.Store(false) }
}

// past is a deadline that wakes up who waits.
var past = time.Unix(1, 0)

// expire ends the wait of the connections that are late: it closes those where no request has begun, and lets fail
// what the others read or write next, which fasthttp answers with 408 where it still can.
func (cs *conns) expire(l limits) {
	now := cs.tick.Load()
	ticks := func(d time.Duration) int64 { return int64((d + l.tick - 1) / l.tick) }
	request, idle := ticks(l.request), ticks(l.idle)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.set {
		state := c.state.Load()
		switch waited := now - state>>1; {
		case state&active == 0 && waited > idle:
			_ = c.Conn.Close()
		case state&active != 0 && waited == request+1:
			_ = c.SetReadDeadline(past)
		case state&active != 0 && waited > request+1: // it does not take the 408
			_ = c.Conn.Close()
		}
	}
}

// enter begins a request, with active, or the wait for one.
func (c *conn) enter(bit int64) { c.state.Store(c.conns.tick.Load()<<1 | bit) }

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.state.Load()&active == 0 {
		c.enter(active)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if c.interim {
		c.interim = false
	} else {
		c.enter(0)
	}
	return n, err
}

// awaitBody says that the next write is only an interim answer (RFC 9110, section 15.2), which ends no wait.
func awaitBody(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*conn); ok {
		c.interim = true
	}
}

// linger makes the connection of a refused request close gently: the peer may still be sending, and a reset, which
// is what a close with unread bytes becomes, could reach it before the answer does (RFC 9112, section 9.6).
func linger(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*conn); ok {
		c.lingers.Store(true)
	}
}

const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

func (c *conn) Close() error {
	c.conns.remove(c)
	if c.lingers.Load() {
		drain(c.Conn)
	}
	return c.Conn.Close()
}

// drain says that no more will be sent, and reads for a while what the peer was sending.
func drain(c net.Conn) {
	if t, ok := c.(interface{ CloseWrite() error }); ok && t.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c, lingerBytes)
	}
}
