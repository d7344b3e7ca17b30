package transport

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
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

// add adds a connection to the set.
func (s *set) add(c net.Conn, e *early) *served {
	added := &served{Conn: c, set: s, early: e, framer: framer{maxBody: s.server.config.MaxBody}}
	if t, ok := c.(*net.TCPConn); ok {
		added.tcp = *t
		added.Conn = &added.tcp
	}
	if added.enter(0); e != nil {
		added.lingers.Store(e.lingers)
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

// remove may be called again.
func (s *set) remove(c *served) {
	s.mu.Lock()
	_, there := s.conns[c]
	delete(s.conns, c)
	s.mu.Unlock()
	if there {
		s.server.open.Add(-1)
	}
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
		if state := c.state.Load(); state&active != 0 && c.lateSince == 0 {
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
		if c.lateSince == 0 && c.held.Load() > 0 {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *served) int {
		return cmp.Compare(a.state.Load(), b.state.Load())
	})
	for _, c := range all {
		if n <= 0 {
			return
		}
		n -= c.held.Load()
		c.lateSince = max(s.tick.Load(), 1)
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
		case state&active != 0 && waited > request && c.lateSince == 0:
			c.lateSince = max(now, 1)
			_ = c.SetReadDeadline(past)
		case state&active != 0 && waited > request && now-c.lateSince > 1: // it does not take the 408
			_ = c.Conn.Close()
		}
	}
}
