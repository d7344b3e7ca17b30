package transport

import (
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
	intake   intake
	answerer *answerer
	buffers  buffers
	backlog  []*conn // the queued ones, in order
	turns    int     // of the backlog, since the last rest
	leaving  []*conn // those that close when their answers were sent
	parking  *parking
	woken    []woken // room for what it takes out of parking
	now      int64   // the tick
	yielded  time.Time
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
		p, parking, err := newWaits()
		if err != nil {
			for _, l := range loops {
				l.closeWaits()
			}
			return nil, err
		}
		l := &loop{server: s, poll: p, parking: parking,
			answerer: newAnswerer(&s.config, &s.draining)}
		l.useRing()
		l.room.made = make(chan struct{}, 1)
		l.room.longestIdle.Store(never)
		loops = append(loops, l)
	}
	return loops, nil
}

// newWaits makes what a loop waits with.
func newWaits() (*poll, *parking, error) {
	p, err := newPoll()
	if err != nil {
		return nil, nil, err
	}
	parking, err := newParking(p)
	if err != nil {
		p.close()
	}
	return p, parking, err
}

// useRing has the loop read and write many sockets in one system call, where the kernel allows it.
func (l *loop) useRing() {
	if l.server.config.NoRing {
		return
	}
	r, err := newRing(maxAnswered)
	if err != nil {
		l.server.log.Info("no io_uring: a system call for each read and write", "error", err)
		return
	}
	l.intake, l.answerer.out.ring = newIntake(r), r
}

func (l *loop) closeWaits() {
	if l.intake.ring != nil {
		l.intake.ring.close()
	}
	l.parking.close()
	l.poll.close()
}

// load returns how many connections the loop has.
func (l *loop) load() int64 { return l.count.Load() }

// add gives the loop a connection. It reports false if that is not a socket, and leaves it alone.
func (l *loop) add(n newcomer) bool {
	c, ok := newConn(n)
	if !ok {
		return false
	}
	l.count.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	// An event may come before the connection is in the inbox; the loop then waits for the lock.
	if err := l.poll.add(c.fd); err != nil {
		l.warnOfLoss(err)
		c.close()
		l.uncount()
		return true
	}
	l.inbox = append(l.inbox, c)
	return true
}

// run runs the loop until the server has stopped.
func (l *loop) run() {
	// The goroutine stays in one thread without runtime.LockOSThread: with that, it would go on after
	// each yield only when another thread had taken its processor and handed it back.
	defer l.closeWaits()
	// What happens without an event: ticks, and the end.
	pause := min(l.server.config.Tick/2, 50*time.Millisecond)
	for !l.ended() {
		events := l.poll.wait(pause, l.rest())
		l.yield(l.answerer.parser.setTime())
		for len(events) > 0 {
			n := min(len(events), maxAnswered)
			l.serve(events[:n])
			events = events[n:]
		}
		l.resume()
		l.deliver()
		if n := l.room.wanted.Swap(0); n > 0 {
			l.makeRoom(int(n))
		}
		if l.server.memory.isFull() {
			l.evict()
		}
		if now, stopping := l.server.served.tick.Load(), l.server.stopping.Load(); now != l.now ||
			stopping != l.stopping {
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

// serve reads and answers the connections of up to maxAnswered events.
func (l *loop) serve(events []unix.EpollEvent) {
	l.take(events)
	for i, e := range events {
		switch c := l.find(int(e.Fd)); {
		case c == nil && int(e.Fd) == l.parking.fd:
			l.unpark()
		case c == nil || c.state == queued || c.state == waiting: // which are read after their turn
		case c.state == sending:
			l.unblock(c)
		default:
			l.readable(c, e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
				l.arrived(i, c))
		}
		if len(l.answerer.out.answered) == maxAnswered {
			l.deliver()
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

func (l *loop) warnOfLoss(err error) { l.server.log.Warn("a connection was lost", "error", err) }
