package transport

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// served is a connection that fasthttp serves. It knows what it waits for, and since when.
type served struct {
	net.Conn
	// a tick, and in the lowest bit whether a request began then, or the wait for one
	state atomic.Int64
	set   *set
	// what Conn is, mostly: on the same cache line as the state, instead of on one of its own
	tcp   net.TCPConn
	early *early // nil where there is none, or no more
	// lingers says that the connection closes gracefully. After several requests it does even if
	// the client asked for the close: the answers to the first ones may not have been read.
	lingers atomic.Bool
	sending atomic.Int32 // whether early has something unsent, see below
	// the tick in which its request was given up for its time or memory, 0 before that; under the
	// set's lock
	lateSince int64
	framer    framer
	held      atomic.Int64 // bytes of the request, in the server's count
	pause     *pause       // what the request waits for
	memo      any          // the state of a request that waited
}

// early is what a loop leaves to fasthttp with a connection.
type early struct {
	unsent  []byte // answers that the socket did not take
	last    bool   // after them, the connection closes
	lingers bool   // see there
	read    []byte // requests, or the beginning of one
	since   int64  // the tick in which that began
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
	case c.framer.finished && c.framer.taken(): // the answer was sent
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
	n, err := c.framer.read(socket{c}, b)
	if err == nil && c.framer.requests > 1 {
		c.lingers.Store(true)
	}
	return n, err
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
	if err == io.EOF {
		s.c.lingers.Store(false) // nothing more comes
	}
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
	c.hold(0)
	if c.lingers.Load() {
		drain(c.Conn)
	}
	defer c.set.remove(c) // until here it has a descriptor, and counts
	return c.Conn.Close()
}

// drain ends the sending direction, and reads for a while what the client is still sending.
func drain(c net.Conn) {
	if t, ok := c.(interface{ CloseWrite() error }); ok && t.CloseWrite() == nil &&
		c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c, lingerBytes)
	}
}
