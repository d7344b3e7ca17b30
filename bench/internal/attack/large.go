package attack

import (
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
	body = append(body, make([]byte, largeBody-len(body))...)
	for i := range body {
		if body[i] == 0 {
			body[i] = ' '
		}
	}
	for _, kind := range []struct{ name, field, before, after string }{
		{"with a length", fmt.Sprintf("Content-Length: %d", len(body)), "", ""},
		{"in a chunk", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n", len(body)), "\r\n0\r\n\r\n"},
	} {
		head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n%s\r\n\r\n", measure.Path, measure.JSON, kind.field)
		request := append([]byte(head+kind.before), body...)
		c := contest{name: fmt.Sprintf("%d connections send 64 KiB %s", senders, kind.name), p50: 3, p99: 10,
			attack: Flood{Request: append(request, kind.after...), Connections: senders, Pipelining: 1}}
		if err := s.contest(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// senders is how many connections send large bodies.
const senders = 100
