package transport

import (
	"encoding/binary"
	"sync"

	"golang.org/x/sys/unix"
)

// parking is the connections of a loop whose requests wait. Other goroutines wake them.
type parking struct {
	fd   int // an eventfd(2), which ends the loop's wait
	mu   sync.Mutex
	list []woken
}

// woken is a connection that was woken, with the number of the wait: a connection may have closed
// since, or wait for something else.
type woken struct {
	conn *conn
	wait uint64
}

// newParking makes the parking of a loop, whose poll gets an event when a connection is woken.
func newParking(p *poll) (*parking, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := p.add(fd); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &parking{fd: fd}, nil
}

// close may be called while others wake.
func (p *parking) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.Close(p.fd)
	p.fd = -1
}

var one = binary.NativeEndian.AppendUint64(nil, 1)

// wake may be called by any goroutine.
func (p *parking) wake(w woken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list = append(p.list, w); len(p.list) == 1 && p.fd >= 0 {
		_, _ = unix.Write(p.fd, one) // the events are edge-triggered: nobody reads the count
	}
}

// take returns the connections that were woken since the last call, in order.
func (p *parking) take(room []woken) []woken {
	p.mu.Lock()
	defer p.mu.Unlock()
	room = append(room, p.list...)
	clear(p.list)
	p.list = p.list[:0]
	return room
}

// park has a connection wait with its request until it is woken. Meanwhile its socket is not read.
func (l *loop) park(c *conn, w *pause) {
	c.state, c.need, c.line = waiting, 0, false
	c.again, c.waited = true, w.state
	c.wait++
	this := woken{c, c.wait}
	w.start(func() { l.parking.wake(this) })
}

// unpark has the connections that were woken wait for another turn.
func (l *loop) unpark() {
	l.woken = l.parking.take(l.woken[:0])
	for _, w := range l.woken {
		if w.conn.state == waiting && w.conn.wait == w.wait {
			l.enqueue(w.conn)
		}
	}
	clear(l.woken)
}
