package transport

import (
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// loop is an event loop: one goroutine that reads, answers and writes for its connections. Other
// goroutines call only add and load, and ask for room.
type loop struct {
	server   *Server
	poll     *poll
	conns    []*conn // by descriptor, nil if this loop has none
	answerer *answerer
	buffers  buffers
	backlog  []*conn // the queued ones, in order
	now      int64   // the tick
	room     room
	stopping bool // Shutdown was called, and idle connections are to close

	count atomic.Int64 // connections, with those in the inbox
	mu    sync.Mutex
	inbox []*conn
}

func newLoops(s *Server) ([]*loop, error) {
	n := s.config.Loops
	if n == 0 {
		n = cpus()
	}
	var loops []*loop
	for range n {
		p, err := newPoll()
		if err != nil {
			for _, l := range loops {
				l.poll.close()
			}
			return nil, err
		}
		l := &loop{server: s, poll: p, answerer: newAnswerer(&s.config, &s.draining)}
		l.room.made = make(chan struct{}, 1)
		l.room.longestIdle.Store(never)
		loops = append(loops, l)
	}
	return loops, nil
}

// load returns how many connections the loop has.
func (l *loop) load() int64 { return l.count.Load() }

// add gives the loop a connection. It reports false if that is not a socket, and leaves it alone.
func (l *loop) add(nc net.Conn) bool {
	c, ok := newConn(nc)
	if !ok {
		return false
	}
	l.count.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	// An event may come before the connection is in the inbox; the loop then waits for the lock.
	if err := l.poll.add(c.fd); err != nil {
		l.server.log.Warn("a connection was lost", "error", err)
		c.close()
		l.uncount()
		return true
	}
	l.inbox = append(l.inbox, c)
	return true
}

// run runs the loop until the server has stopped.
func (l *loop) run() {
	// A thread of its own keeps its caches warm, and lets the scheduler wake it directly.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.poll.close()
	// What happens without an event: ticks, and the end.
	pause := min(l.server.config.Tick/2, 50*time.Millisecond)
	for !l.ended() {
		events := l.poll.wait(pause, len(l.backlog) > 0)
		l.answerer.parser.setTime()
		for _, e := range events {
			if c := l.find(int(e.Fd)); c != nil && c.state != queued { // a queued one is read after its turn
				l.readable(c, e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
			}
			if len(l.answerer.out.answered) == maxAnswered {
				l.deliver()
			}
		}
		l.resume()
		l.deliver()
		if n := l.room.wanted.Swap(0); n > 0 {
			l.makeRoom(int(n))
		}
		if l.server.memory.isFull() {
			l.evict()
		}
		if now, stopping := l.server.served.tick.Load(), l.server.stopping.Load(); now != l.now || stopping != l.stopping {
			l.now, l.stopping = now, stopping
			l.expire()
		}
	}
	for _, c := range l.conns {
		if c != nil {
			l.close(c)
		}
	}
}

// ended reports whether the server has stopped, and no connection is left or there is no time for
// them.
func (l *loop) ended() bool {
	s := l.server
	if !s.stopping.Load() || s.accepting.Load() > 0 {
		return false
	}
	if s.aborted.Load() {
		l.adopt()
		return true
	}
	return l.count.Load() == 0
}

// find returns the connection of a descriptor.
func (l *loop) find(fd int) *conn {
	if fd >= len(l.conns) || l.conns[fd] == nil {
		l.adopt()
		if fd >= len(l.conns) {
			return nil
		}
	}
	return l.conns[fd]
}

// adopt takes the new connections out of the inbox.
func (l *loop) adopt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.inbox {
		c.since = l.now
		l.place(c)
	}
	clear(l.inbox)
	l.inbox = l.inbox[:0]
}

func (l *loop) place(c *conn) {
	if c.fd >= len(l.conns) {
		l.conns = slices.Grow(l.conns, c.fd+1-len(l.conns))[:c.fd+1]
	}
	l.conns[c.fd] = c
}

// maxResumed is how many connections of the backlog have a turn between two looks for events. It
// bounds how long a new request waits for clients that send more requests than they have turns.
const maxResumed = 16

// resume gives the connections at the head of the backlog another turn.
func (l *loop) resume() {
	n := min(len(l.backlog), maxResumed)
	for _, c := range l.backlog[:n] {
		if c.state != queued {
			continue // it was closed or handed over
		}
		c.state = reading
		l.answerer.reread(c.pending)
		l.turn(c, l.answerer.parser.unread())
		if c.isHere() && c.state != queued {
			// Events that came meanwhile were ignored. The answers go first: to read may close it.
			if l.deliver(); c.isHere() {
				l.readable(c, true)
			}
		}
		if len(l.answerer.out.answered) == maxAnswered {
			l.deliver()
		}
	}
	l.backlog = slices.Delete(l.backlog, 0, n)
}

// maxReads is how many reads of one connection there are in a row before the others have a turn.
const maxReads = 8

// readable reads what there is and answers it. If the peer hung up, the end comes after it.
func (l *loop) readable(c *conn, hungUp bool) {
	for range maxReads {
		more, err := l.answerer.read(c)
		switch {
		case err == unix.EAGAIN:
			return
		case err == io.EOF && len(c.pending) > 0:
			l.handOver(c, c.pending, nil, false) // fasthttp has an answer to half a request
			return
		case err != nil:
			l.close(c)
			return
		}
		l.turn(c, l.answerer.parser.unread())
		if c.state == queued || !more && !hungUp {
			return // it has had its turn; or that was all, and the next byte is an event
		}
		if l.deliver(); !c.isHere() {
			return
		}
	}
	l.poll.again(c.fd)
}

// turn answers the requests in data.
func (l *loop) turn(c *conn, data []byte) {
	if len(data) < c.need {
		l.keep(c, data)
		return
	}
	rest, next := l.answerer.answer(c, data)
	answered := len(rest) < len(data)
	if answered || c.pending == nil {
		c.since = l.now
	}
	if answered { // what was pending is answered with it
		l.buffers.put(c.pending)
		c.pending = nil
	}
	if next <= yield {
		l.keep(c, rest)
		if next == yield {
			c.state, c.need, c.line = queued, 0, false
			l.backlog = append(l.backlog, c)
		}
		if answered && c.origin != nil {
			l.settle(c)
		}
		return
	}
	left := l.answerer.out.take(c)
	if left.err != nil {
		l.close(c)
		return
	}
	l.handOver(c, rest, left.unsent, next == leave)
}

// deliver sends the answers that were kept. Connections that did not take all of theirs go to
// fasthttp.
func (l *loop) deliver() {
	l.answerer.flush()
	for _, u := range l.answerer.out.undone {
		if u.err != nil {
			l.close(u.conn)
		} else {
			l.handOver(u.conn, u.conn.pending, u.unsent, false)
		}
	}
	clear(l.answerer.out.undone)
	l.answerer.out.undone = l.answerer.out.undone[:0]
}

// keep keeps the beginning of a request until there is more of it. If rest is empty, the connection
// is idle.
func (l *loop) keep(c *conn, rest []byte) {
	if len(rest) == 0 {
		l.buffers.put(c.pending)
		c.state, c.pending, c.need, c.line = idle, nil, 0, false
		l.hold(c, 0)
		return
	}
	if c.pending == nil {
		c.pending = l.buffers.get()
	}
	c.state, c.pending = reading, append(c.pending[:0], rest...)
	l.hold(c, cap(c.pending))
}

// hold counts the bytes that an unfinished request holds.
func (l *loop) hold(c *conn, n int) {
	if c.held != n {
		l.server.memory.held.Add(int64(n - c.held))
		c.held = n
	}
}

func (l *loop) close(c *conn) {
	l.forget(c, closed)
	c.close()
	l.uncount()
}

// uncount takes a closed connection out of the counts.
func (l *loop) uncount() {
	l.count.Add(-1)
	l.server.open.Add(-1)
}

// forget must be called before the descriptor is closed: after that, another connection may have
// it.
func (l *loop) forget(c *conn, state connState) {
	c.state = state
	l.hold(c, 0)
	l.conns[c.fd] = nil
	l.buffers.put(c.pending)
}
