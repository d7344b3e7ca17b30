package attack

import (
	"context"
	"fmt"

	"videotoken/bench/internal/measure"
)

// headers has clients that send their headers a byte at a time (Slowloris).
func (s *Site) headers(ctx context.Context) error {
	return s.besieged(ctx, "send headers slowly", Flood{Manner: Drip,
		Connections: affordable(s.Held),
		Request:     fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\nX-Slow: ", measure.Path)})
}

// besieged is a contest in which clients of some manner attack.
func (s *Site) besieged(ctx context.Context, does string, f Flood) error {
	return s.contest(ctx, contest{name: fmt.Sprintf("%d connections %s", f.Connections, does),
		p50: 3, p99: 10, attack: f})
}
