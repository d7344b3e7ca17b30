package transport

import (
	"math"
	"net"
	"sync/atomic"
	"time"
)

// sendBuffer is the size of a socket's send buffer. It bounds what a client that reads no answers
// makes the kernel hold, and has room for the answers of a turn.
const sendBuffer = 64 << 10

// limitSendBuffer is for sockets that do not inherit the limit from their listener.
func limitSendBuffer(c net.Conn) {
	if s, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
		_ = s.SetWriteBuffer(sendBuffer) // without it the kernel's default holds
	}
}

// backlog is how many connections the kernel may have accepted before the listener had the options
// that they inherit: Linux's default of net.core.somaxconn.
const backlog = 4096

// idleForRoom is how long a connection must have been idle to be closed for a new one.
const idleForRoom = time.Second

// roomTime is how long a new connection waits for a loop to close idle ones.
const roomTime = 80 * time.Millisecond

// makeRoom closes connections that have been idle for longer than a second, the longest idle first,
// so that there is room for one more. It reports false if there is none.
func (s *Server) makeRoom() bool {
	n := 1 + s.config.MaxConnections/128 // several at once: a crowd of new ones comes one by one
	oldest, from := s.served.longestIdle(), (*loop)(nil)
	for _, l := range s.loops {
		if since := l.room.longestIdle.Load(); since < oldest {
			oldest, from = since, l
		}
	}
	if s.served.tick.Load()-oldest <= ticks(idleForRoom, s.config.Tick) {
		return false
	}
	if from == nil {
		s.evicted.Add(int64(s.served.closeIdle(oldest, n)))
	} else {
		from.room.ask(n)
	}
	return s.open.Load() <= int64(s.config.MaxConnections)
}

// never is the tick of what has not happened.
const never = math.MaxInt64

// room is how a listener asks a loop to close idle connections.
type room struct {
	longestIdle atomic.Int64 // the tick since when, as of the last scan
	wanted      atomic.Int64
	made        chan struct{}
}

// ask waits until the loop has closed connections, but not for long: it may have none any more.
func (r *room) ask(n int) {
	select {
	case <-r.made: // of a question that was given up
	default:
	}
	r.wanted.Store(int64(n))
	timer := time.NewTimer(roomTime)
	defer timer.Stop()
	select {
	case <-r.made:
	case <-timer.C:
	}
}

// memory counts the bytes that unfinished requests hold.
type memory struct {
	held  atomic.Int64
	limit int64
	last  atomic.Int64 // when there was an eviction
}

func (m *memory) isFull() bool { return m.held.Load() > m.limit }

// isDue reports whether it is full, and the last eviction had time to show: the connections that
// fasthttp serves end on their own.
func (m *memory) isDue() bool {
	if !m.isFull() {
		return false
	}
	now, last := time.Now().UnixNano(), m.last.Load()
	return now-last > int64(evictionPause) && m.last.CompareAndSwap(last, now)
}

const evictionPause = 5 * time.Millisecond

// excess is how much is to be given up at once. It is more than the least, for each eviction scans
// all connections.
func (m *memory) excess() int64 { return m.held.Load() - m.limit + m.limit/16 }
