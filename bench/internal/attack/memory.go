package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

const (
	// bytesPerConnection bounds what the service holds for a request that is not finished. A server
	// that allocates a body's whole Content-Length holds 64 KiB and more.
	bytesPerConnection = 16 << 10
	// memoryLimit is the service's default for all unfinished requests together, and what it may
	// take besides.
	memoryLimit = 512 << 20
	// requestTime is the longest that the service waits for a client to send or to read.
	requestTime = 10 * time.Second
	// readers is how many connections ask and never read. The kernel's buffers of each hold answers
	// that nobody takes.
	readers = 500
)

// memory holds unfinished requests open, and then has clients ask and never read.
func (s *Site) memory(ctx context.Context) error {
	body := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\n%s\r\nContent-Length: 65536\r\n\r\n{",
		measure.Path, measure.JSON)
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\nX-Slow: ", measure.Path)
	return errors.Join(s.unfinished(ctx, "unfinished bodies", body),
		s.unfinished(ctx, "unfinished heads", head), s.unread(ctx))
}

// unfinished holds as many unfinished requests open as it can afford, and reads what they cost.
func (s *Site) unfinished(ctx context.Context, name string, request []byte) error {
	p, err := s.Service.Start(ctx, s.Binary)
	if err != nil {
		return err
	}
	defer p.Stop()
	before, err := resident(ctx, p)
	if err != nil {
		return err
	}
	r, err := s.probe(ctx, p)
	if err != nil {
		return err
	}
	n := affordable(s.Crowd)
	began := time.Now()
	c, err := gather(ctx, p, n, request)
	defer c.close()
	s.bound(len(c) == n, "%s: %d of %d connections could be opened, in %v; error: %v", name, len(c),
		n,
		time.Since(began).Round(time.Millisecond), err)
	s.grown(ctx, p, name, before, len(c))
	s.finish(r, name)
	fmt.Fprintln(s.Out)
	return p.Alive()
}

// grown checks what n connections added to the memory of the service.
func (s *Site) grown(ctx context.Context, p *subject.Process, name string, before int64, n int) {
	after, err := resident(ctx, p)
	if err != nil {
		s.bound(false, "%s: the admin port does not tell how much memory the service has: %v", name,
			err)
		return
	}
	grown := float64(after - before)
	each := grown / float64(max(n, 1))
	s.bound(each <= bytesPerConnection && grown <= memoryLimit,
		"%s: %s for %d connections, %s each; at most %s, and %s each", name,
		report.Bytes(grown), n, report.Bytes(each), report.Bytes(memoryLimit),
		report.Bytes(bytesPerConnection))
}

// unread has clients send requests without end and read no answer. The service is to cut them off.
func (s *Site) unread(ctx context.Context) error {
	const name = "clients that never read"
	p, err := s.Service.Start(ctx, s.Binary)
	if err != nil {
		return err
	}
	defer p.Stop()
	t, err := s.signing(p)
	if err != nil {
		return err
	}
	before, err := resident(ctx, p)
	if err != nil {
		return err
	}
	r, err := s.probe(ctx, p)
	if err != nil {
		return err
	}
	c, err := gather(ctx, p, min(readers, s.Crowd), nil)
	defer c.close()
	if err != nil {
		return err
	}
	requests := bytes.Repeat(t.Request, 1+writeSize/len(t.Request))
	var mu sync.Mutex
	var all sync.WaitGroup
	var stayed int
	var longest time.Duration
	for _, conn := range c {
		// All at once they would take this process's own processors from the probes for seconds,
		// whose dials then time out here.
		time.Sleep(pace)
		all.Go(func() {
			waited, cut := writeUntilCut(conn.(*net.TCPConn), requests, requestTime+slack)
			mu.Lock()
			defer mu.Unlock()
			if !cut {
				stayed++
			}
			longest = max(longest, waited)
		})
	}
	s.grown(ctx, p, name, before, len(c))
	all.Wait()
	s.bound(stayed == 0, "%s: %d of %d were still connected %v after their last progress; the "+
		"service is to cut them off within %v",
		name, stayed, len(c), longest.Round(time.Millisecond), requestTime)
	s.finish(r, name)
	return p.Alive()
}

// writeSize is about how many bytes of requests are written at once: so few that a write that
// returns is progress.
const writeSize = 4 << 10

// pace is the pause between the clients that never read.
const pace = 4 * time.Millisecond

// slack is for a timer that looks four times a second, for what the service still answers after the
// client's last progress, and for a busy machine.
const slack = 2 * time.Second

// writeUntilCut writes requests until the service closes the connection, or takes nothing more for
// as long as limit. It returns how long the last write waited, and whether the connection was
// closed. The limit counts from the last progress, as the service's does: until the kernel's
// buffers are full, the client takes answers, too.
func writeUntilCut(c *net.TCPConn, requests []byte,
	limit time.Duration) (waited time.Duration, cut bool) {
	_ = c.SetReadBuffer(4 << 10)
	for {
		began := time.Now()
		_ = c.SetWriteDeadline(began.Add(limit))
		if _, err := c.Write(requests); err != nil {
			var timeout net.Error
			return time.Since(began), !errors.As(err, &timeout) || !timeout.Timeout()
		}
	}
}
