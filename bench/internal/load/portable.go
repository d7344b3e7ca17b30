package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// portable runs the load on one goroutine for each connection. It closes clock when they start.
func (r *run) portable(ctx context.Context, clock chan<- struct{}) ([]*worker, error) {
	clients := make([]*client, r.Connections)
	workers := make([]*worker, r.Connections)
	for i := range clients {
		c := &client{worker: r.worker(64), conn: conn{flights: make([]flight, r.Pipelining)},
			buf: make([]byte, 16<<10)}
		clients[i], workers[i] = c, c.worker
		if err := c.connect(ctx); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, r.Connections, err)
		}
		defer c.hangUp()
	}
	r.start = time.Now()
	close(clock)
	stop := context.AfterFunc(ctx, func() { r.stopped.Store(true) })
	defer stop()
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			defer c.flush()
			if r.Rate > 0 {
				c.arrivals(ctx)
			} else {
				c.closed(ctx)
			}
		})
	}
	all.Wait()
	return workers, nil
}

// client is a connection with a goroutine of its own.
type client struct {
	*worker
	conn
	wire net.Conn // nil while it is not connected
	buf  []byte
}

func (c *client) connect(ctx context.Context) error {
	wire, err := c.dial(ctx)
	if err != nil {
		return err
	}
	if c.tls {
		wire = tls.Client(wire, &tls.Config{ServerName: c.host, RootCAs: c.Roots})
	}
	c.wire = wire
	return nil
}

func (c *client) hangUp() {
	if c.wire != nil {
		c.wire.Close()
		c.wire = nil
	}
}

// closed sends the next request whenever the last is answered.
func (c *client) closed(ctx context.Context) {
	for now := c.now(); now < c.end && c.ready(ctx); now = c.now() {
		for range c.flights {
			c.push(now, now)
		}
		err := c.send(len(c.flights))
		for err == nil && c.n > 0 {
			var answered int
			if answered, now, err = c.receive(); err == nil && now < c.end {
				for range answered {
					c.push(now, now)
				}
				err = c.send(answered)
			}
		}
		c.lose(err)
	}
}

// arrivals takes the next arrival that no other connection has taken, waits until it is due, and
// sends it.
func (c *client) arrivals(ctx context.Context) {
	for c.ready(ctx) {
		i := c.next.Add(1) - 1
		due := int64(Pacer{c.Rate}.Due(i))
		if i >= c.planned || c.now() >= c.end+int64(c.Timeout) {
			c.next.Add(-1)
			return
		}
		for wait := due - c.now(); wait > 0 && !c.stopped.Load(); wait = due - c.now() {
			time.Sleep(time.Duration(min(wait, flushEvery)))
		}
		c.push(due, c.now())
		err := c.send(1)
		for err == nil && c.n > 0 {
			_, _, err = c.receive()
		}
		c.lose(err)
	}
}

// ready opens the connection if it is not open, and reports whether it is.
func (c *client) ready(ctx context.Context) bool {
	for c.wire == nil && !c.stopped.Load() && c.now() < c.end {
		if err := c.connect(ctx); err != nil {
			c.fail(reason(err), 1)
			time.Sleep(100 * time.Millisecond)
		}
	}
	return c.wire != nil && !c.stopped.Load()
}

func (c *client) send(n int) error {
	for range n {
		if _, err := c.wire.Write(c.Request); err != nil {
			return err
		}
	}
	return nil
}

// receive reads once. It returns how many answers are complete now, and the time.
func (c *client) receive() (answered int, now int64, err error) {
	var n int
	for {
		// Short waits, so that the end of ctx is noticed.
		if err := c.wire.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return 0, 0, err
		}
		n, err = c.wire.Read(c.buf)
		if now = c.now(); now >= c.flushAt {
			c.flushAt = now + flushEvery
			c.flush()
		}
		if c.stopped.Load() {
			return 0, now, context.Canceled
		}
		if n > 0 {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, now, err
		}
		if now-c.flights[c.head].sent > int64(c.Timeout) {
			return 0, now, fmt.Errorf("no answer after %v", c.Timeout)
		}
	}
	answered, closes, err := c.take(c.worker, c.buf[:n], now)
	if err == nil && closes {
		err = io.EOF
	}
	return answered, now, err
}

// lose drops the connection. Requests in flight count as failed.
func (c *client) lose(err error) {
	if err == nil {
		return
	}
	if c.n > 0 || !errors.Is(err, io.EOF) {
		c.fail(reason(err), max(c.n, 1))
	} else {
		c.reconnects++
	}
	c.reset(c.worker, c.now())
	c.hangUp()
}
