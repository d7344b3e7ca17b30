package attack

import (
	"context"
	"fmt"

	"videotoken/bench/internal/measure"
)

// saturating is the number of attackers from which on they are compared with as many well-behaved
// connections: so many saturate the service.
const saturating = 1000

// inFlight is how many bytes of requests an attacker has in flight: as much as a socket holds, so
// that the service always finds more to read.
const inFlight = 64 << 10

// notFound is a whole request whose answer is 404, in 28 bytes.
const notFound = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"

// pipeline floods one instance with small requests, as POSTs that are signed and as 404s.
func (s *Site) pipeline(ctx context.Context) error {
	return s.pipelined(ctx, "", s.signed("Content-Length: %d\r\n\r\n%s"), notFound)
}

// chunked does, too, but sends bodies in a chunk: the service's loops leave such requests to
// fasthttp.
func (s *Site) chunked(ctx context.Context) error {
	const coding, end = "Transfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"
	return s.pipelined(ctx, " in chunks", s.signed(coding+"%x\r\n%s\r\n"+end),
		"POST /x HTTP/1.1\r\nHost: h\r\n"+coding+end)
}

// signed is a POST of a document. The format makes the end of its head and its body, of the
// document's length and the document.
func (s *Site) signed(format string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n"+format, measure.Path, measure.JSON,
		len(s.Service.Body), s.Service.Body)
}

// pipelined floods one instance with requests that are signed, and with others that are 404.
func (s *Site) pipelined(ctx context.Context, form, signed, missing string) error {
	for _, kind := range []struct{ name, request string }{{"POSTs", signed}, {"404s", missing}} {
		request := []byte(kind.request)
		for _, n := range s.Attackers {
			c := contest{name: fmt.Sprintf("%d connections pipeline %s%s", n, kind.name, form),
				p50: 3, p99: 10,
				attack: Flood{Request: request, Connections: n,
					Pipelining: inFlight / len(request)}}
			if n >= saturating {
				c.p50, c.p99 = 1.5, 1.5
				c.calm = &Flood{Request: request, Connections: n, Pipelining: 1}
			}
			if err := s.contest(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}
