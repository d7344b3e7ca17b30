package transport

import (
	"io"
	"net"
	"sync"
)

// queue is a listener whose connections come from loops. So fasthttp serves them as any others, in
// its worker pool, and its Shutdown waits for them.
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

// Close does nothing: fasthttp closes its listeners when Shutdown begins, and loops still hand
// over.
func (q *queue) Close() error { return nil }

// Addr returns an address that nobody can connect to.
func (q *queue) Addr() net.Addr { return &net.UnixAddr{Name: "loops", Net: "unix"} }
