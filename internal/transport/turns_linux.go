package transport

import (
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// maxResumed is how many connections of the backlog have a turn between two looks for events. It
// bounds how long a new request waits for clients that send more requests than they have turns:
// with 16, clients that pipeline made the median of all others' requests 4 to 8 times as long.
const maxResumed = 1

// maxBusy is how many turns the backlog has before a loop rests.
const maxBusy = 32

// rest returns how long the loop may wait for events. With a backlog that is not at all, but for a
// millisecond now and then if there are other connections: the kernel runs a thread that rests
// before one that never does, when a request comes for each.
func (l *loop) rest() time.Duration {
	switch {
	case len(l.backlog) == 0:
		l.turns = 0
		return hold
	case l.turns < maxBusy || int64(len(l.backlog)) >= l.count.Load():
		l.turns++
		return 0
	}
	l.turns = 0
	return time.Millisecond
}

// resume gives the connections at the head of the backlog another turn.
func (l *loop) resume() {
	n := min(len(l.backlog), maxResumed)
	for _, c := range l.backlog[:n] {
		if c.state != queued {
			continue // it was closed or handed over
		}
		c.state = reading
		l.answerer.reread(c.pending)
		l.turn(c, l.answerer.parser.unread(), true)
		if c.reads() {
			// Events that came meanwhile were ignored. The answers go first: to read may close it.
			if l.deliver(); c.reads() {
				l.readable(c, true, nil)
			}
		}
		if len(l.answerer.out.answered) == maxAnswered {
			l.deliver()
		}
	}
	l.backlog = slices.Delete(l.backlog, 0, n)
}

// maxReads is how many reads for one request there are in a row before other connections have their
// turn.
const maxReads = 8

// readable reads what there is and answers it, first what has arrived already, if that is not nil.
// If the peer hung up, the end comes after it.
func (l *loop) readable(c *conn, hungUp bool, first *arrival) {
	for range maxReads {
		more, err := l.answerer.read(c, first)
		first = nil
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
		answered := l.turn(c, l.answerer.parser.unread(), false)
		if !c.reads() || !more && !hungUp {
			return // it has had its turn; or that was all, and the next byte is an event
		}
		if answered && more { // it has had its turn, and goes on after the others
			l.enqueue(c)
			return
		}
		if l.deliver(); !c.reads() {
			return
		}
	}
	l.poll.again(c.fd)
}

// turn answers the requests in data. It reports whether there was one. waited says that the
// connection was queued for this turn.
func (l *loop) turn(c *conn, data []byte, waited bool) (answered bool) {
	if len(data) < c.need {
		l.keep(c, data)
		return false
	}
	rest, next := l.answerer.answer(c, data, waited)
	answered = len(rest) < len(data)
	if answered || c.pending == nil {
		c.since = l.now
	}
	if answered { // what was pending is answered with it
		c.answered = true
		l.buffers.put(c.pending)
		c.pending = nil
	}
	if next <= last {
		l.keep(c, rest)
		switch next {
		case yield:
			l.enqueue(c)
		case park:
			pause := l.answerer.peer.pause
			l.answerer.peer.pause = nil
			l.park(c, pause)
		case last:
			c.state = leaving
			l.leaving = append(l.leaving, c)
		}
		return answered
	}
	switch left := l.answerer.out.take(c); {
	case left.err != nil:
		l.close(c)
	case next == block:
		l.keep(c, rest)
		l.block(c, left.unsent)
	default:
		l.handOver(c, rest, left.unsent, next == leave)
	}
	return answered
}

// enqueue has a connection wait for another turn.
func (l *loop) enqueue(c *conn) {
	c.state, c.need, c.line = queued, 0, false
	l.backlog = append(l.backlog, c)
}

// deliver sends the answers that were kept, and closes the connections whose last they were.
func (l *loop) deliver() {
	l.answerer.flush()
	for _, u := range l.answerer.out.undone {
		switch {
		case u.err != nil:
			l.close(u.conn)
		case u.conn.state == leaving:
			l.handOver(u.conn, nil, u.unsent, true)
		default:
			l.block(u.conn, u.unsent)
		}
	}
	for _, c := range l.leaving {
		if c.state == leaving {
			l.close(c)
		}
	}
	clear(l.leaving)
	l.leaving = l.leaving[:0]
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
	if old := int(c.held); old != n {
		l.server.memory.held.Add(int64(n - old))
		c.held = uint32(n)
	}
}
