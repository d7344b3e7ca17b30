package transport

import (
	"io"
	"net"
	"sync"
)

// queue is a listener whose connections are those that loops hand over, so that fasthttp serves them as any other: in
// its worker pool, and with its drain.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	conns   []net.Conn
	ended   bool
	asked   chan struct{} // closed when Accept was called
	once    sync.Once
}

func newQueue() *queue {
	q := &queue{asked: make(chan struct{})}
	q.changed.L = &q.mu
	return q
}

// push never waits: its caller is an event loop.
func (q *queue) push(c net.Conn) {
	q.mu.Lock()
	q.conns = append(q.conns, c)
	q.mu.Unlock()
	q.changed.Signal()
}

// end says that no more connections will come.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.changed.Broadcast()
}

// Accept returns io.EOF at the end.
func (q *queue) Accept() (net.Conn, error) {
	q.once.Do(func() { close(q.asked) })
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.conns) == 0 {
		if q.ended {
			return nil, io.EOF
		}
		q.changed.Wait()
	}
	c := q.conns[0]
	q.conns[0] = nil
	q.conns = q.conns[1:]
	return c, nil
}

// Close does nothing: fasthttp closes its listeners at the beginning of a drain, in which loops still hand over.
func (q *queue) Close() error { return nil }

// Addr is nobody's.
func (q *queue) Addr() net.Addr { return &net.UnixAddr{Name: "loops", Net: "unix"} }
