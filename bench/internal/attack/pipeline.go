package attack

import (
	"context"
	"fmt"

	"videotoken/bench/internal/load"
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
	post, err := load.NewTarget("POST", "http://h"+measure.Path, []string{measure.JSON}, s.Service.Body)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		name    string
		request []byte
	}{{"POSTs", post.Request}, {"404s", []byte(notFound)}} {
		for _, n := range s.Attackers {
			c := contest{name: fmt.Sprintf("%d connections pipeline %s", n, kind.name), p50: 3, p99: 10,
				attack: Flood{Request: kind.request, Connections: n, Pipelining: inFlight / len(kind.request)}}
			if n >= saturating {
				c.p50, c.p99 = 1.5, 1.5
				c.calm = &Flood{Request: kind.request, Connections: n, Pipelining: 1}
			}
			if err := s.contest(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}
