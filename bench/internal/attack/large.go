package attack

import (
	"bytes"
	"context"
	"fmt"

	"videotoken/bench/internal/measure"
)

// largeBody is the size of the largest body that the service takes by default.
const largeBody = 64 << 10

// large has clients that send the largest bodies, one after another: with a length, which the
// service's loops read, and in a chunk, which they leave to fasthttp.
func (s *Site) large(ctx context.Context) error {
	body := longAnswer()
	body = append(body, bytes.Repeat([]byte(" "), largeBody-len(body))...)
	for _, kind := range []struct{ name, field, before, after string }{
		{"with a length", fmt.Sprintf("Content-Length: %d", len(body)), "", ""},
		{"in a chunk", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n", len(body)),
			"\r\n0\r\n\r\n"},
	} {
		request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n%s\r\n\r\n%s%s%s",
			measure.Path, measure.JSON, kind.field, kind.before, body, kind.after)
		c := contest{name: fmt.Sprintf("%d connections send 64 KiB %s", senders, kind.name),
			attack: Flood{Request: request, Connections: senders, Pipelining: 1}, p50: 3, p99: 10}
		if err := s.contest(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// senders is how many connections send large bodies.
const senders = 100
