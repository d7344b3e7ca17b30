package attack

import (
	"context"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"videotoken/bench/internal/subject"
)

// spare is how many descriptors are left to everything but a crowd.
const spare = 512

// crowd is connections that are held open.
type crowd []net.Conn

// affordable is how many connections this process may hold, up to n.
func affordable(n int) int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<30 {
		return n
	}
	return max(1, min(n, int(l.Cur)-spare))
}

// gather opens n connections, a few at a time, and writes the same bytes to each. It returns those
// that could be opened, and the first error.
func gather(ctx context.Context, p *subject.Process, n int, request []byte) (crowd, error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	var c crowd
	var first error
	gate := make(chan struct{}, 32)
	for range n {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			conn, err := dial(ctx, p)
			if err == nil {
				_, err = conn.Write(request)
			}
			mu.Lock()
			defer mu.Unlock()
			if conn != nil {
				c = append(c, conn)
			}
			if first == nil {
				first = err
			}
		})
	}
	all.Wait()
	return c, first
}

// dial opens one connection.
func dial(ctx context.Context, p *subject.Process) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	return d.DialContext(ctx, "tcp", strings.TrimPrefix(p.URL, "http://"))
}

func (c crowd) close() {
	for _, conn := range c {
		_ = conn.(*net.TCPConn).SetLinger(0) // no port waits for the next crowd
		_ = conn.Close()
	}
}

// resident is how many bytes the service has resident, once that has stopped growing.
func resident(ctx context.Context, p *subject.Process) (int64, error) {
	var last int64
	for range 20 {
		m, err := subject.Scrape(ctx, p.Admin)
		if err != nil {
			return 0, err
		}
		now := int64(m["process_resident_memory_bytes"])
		if now <= last+last/100 {
			return max(now, last), nil
		}
		last = now
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return last, nil
}
