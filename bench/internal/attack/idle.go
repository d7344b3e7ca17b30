package attack

import "context"

// idleConnections has clients that ask once and then do nothing.
func (s *Site) idleConnections(ctx context.Context) error {
	return s.besieged(ctx, "are idle",
		Flood{Manner: Idle, Connections: affordable(s.Held), Request: []byte(notFound)})
}
