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
func (s *Site) pipeline(ctx context.Context) error { return s.pipelined(ctx, "") }

// absolute does, too, but names the host in the request's target (RFC 9112, section 3.2.2): the
// service's loops leave such requests to fasthttp.
func (s *Site) absolute(ctx context.Context) error { return s.pipelined(ctx, "http://h") }

// pipelined floods one instance with small requests whose targets begin with an origin.
func (s *Site) pipelined(ctx context.Context, origin string) error {
	form := ""
	if origin != "" {
		form = " in absolute form"
	}
	for _, kind := range []struct{ name, request string }{
		{"POSTs", fmt.Sprintf("POST %s%s HTTP/1.1\r\nHost: h\r\n%s\r\nContent-Length: %d\r\n\r\n%s",
			origin, measure.Path, measure.JSON, len(s.Service.Body), s.Service.Body)},
		{"404s", fmt.Sprintf("GET %s/x HTTP/1.1\r\nHost: h\r\n\r\n", origin)},
	} {
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
