package attack

import (
	"context"
	"fmt"

	"videotoken/bench/internal/measure"
)

// slowBodies has clients that send their bodies a byte at a time.
func (s *Site) slowBodies(ctx context.Context) error {
	return s.besieged(ctx, "send bodies slowly", Flood{Manner: Drip,
		Connections: affordable(s.Held),
		Request: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n"+
			"Content-Length: 65536\r\n\r\n{", measure.Path, measure.JSON)})
}
