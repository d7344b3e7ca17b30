package load

import (
	"context"
	"net"
	"time"
)

// Fetch sends the request once, over plain TCP, and returns the response as it came.
func (t *Target) Fetch(ctx context.Context) ([]byte, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
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
