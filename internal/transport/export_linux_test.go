package transport

// Tests have few events at a time. The ring reads and sends also for one.
func init() { fewest = 1 }

// Tick returns the time of the clock that expires connections.
func (s *Server) Tick() int64 { return s.served.tick.Load() }
