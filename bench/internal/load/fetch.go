package load

import (
	"context"
	"net"
	"time"
)

// Fetch sends the request once, without TLS, and returns the response as it came. It gives up
// when the deadline of ctx passes, or after five seconds if it has none.
func (t *Target) Fetch(ctx context.Context) ([]byte, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, t.network, t.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := c.Write(t.Request); err != nil {
		return nil, err
	}
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return nil, err
		}
		all = append(all, buf[:n]...)
		r, need, err := parse(all)
		if err != nil {
			return nil, err
		}
		if need == 0 {
			return all[:r.size], nil
		}
	}
}
