package attack

import "context"

// notFoundOnce is a whole request, after whose answer the service closes.
const notFoundOnce = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

// churners is how many clients open one connection after another.
const churners = 8

// churning has clients that open one connection after another.
func (s *Site) churning(ctx context.Context) error {
	return s.besieged(ctx, "are opened and closed without end",
		Flood{Manner: Churn, Connections: churners, Request: []byte(notFoundOnce)})
}
