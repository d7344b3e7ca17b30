package server

import (
	"math"
	"net"
	"net/http"
	"sync"
	"time"
)

// adminLimits bound what the clients of the admin port can hold, whose connections are not counted
// with the service's and have descriptors of the reserve.
type adminLimits struct {
	conns       int           // open connections
	idle, write time.Duration // between requests; from a request's head to the end of its answer
}

var usualAdmin = adminLimits{conns: 64, idle: 10 * time.Second, write: 10 * time.Second}

// adminConns are the open connections of the admin port. Over the limit the one that is idle for
// the longest time is closed, and where none is idle the one whose request is the oldest: clients
// that hang keep nobody out. It is safe for concurrent use.
type adminConns struct {
	limit int
	mu    sync.Mutex
	last  int64              // how often a state was noted
	since map[net.Conn]int64 // when its state was noted; of one with a request, plus asking
}

const asking = math.MaxInt64 / 2

// note is the server's [http.Server.ConnState].
func (a *adminConns) note(c net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	if _, open := a.since[c]; !open && state != http.StateNew {
		return // it was closed here
	}
	switch state {
	case http.StateNew, http.StateIdle:
		a.since[c] = a.last
	case http.StateActive:
		a.since[c] = asking + a.last
	default:
		delete(a.since, c)
	}
	if len(a.since) > a.limit {
		a.closeOldest()
	}
}

// closeOldest closes a connection, which is never the one that came last. The lock is held.
func (a *adminConns) closeOldest() {
	var oldest net.Conn
	first := int64(math.MaxInt64)
	for c, since := range a.since {
		if since < first && since != a.last {
			oldest, first = c, since
		}
	}
	delete(a.since, oldest)
	_ = oldest.Close()
}
