package transport

import "time"

// expire ends the waits that took too long, and in a drain all where nothing is asked. fasthttp answers those who
// began to ask.
func (l *loop) expire() {
	l.adopt()
	config := &l.server.config
	request, idle := ticks(config.RequestTimeout, config.Tick), ticks(config.IdleTimeout, config.Tick)
	for _, c := range l.conns {
		if c == nil {
			continue
		}
		switch waited := l.now - c.since; {
		case c.pending != nil && waited > request:
			l.handOver(c, c.pending, nil, false)
		case c.pending == nil && waited > idle:
			l.close(c)
		case c.pending == nil && l.stopping && (c.asked || waited > ticks(firstRequest, config.Tick)):
			l.readable(c, false) // a request may be there already
			l.deliver()
			if l.conns[c.fd] == c && c.pending == nil {
				l.close(c)
			}
		}
	}
}

// firstRequest is how long a drain waits for a new connection's first request, as fasthttp's and net/http's do.
const firstRequest = 5 * time.Second
