package transport

import (
	"cmp"
	"slices"
	"time"
)

// expire closes the connections that were idle for too long or do not take their answers, and hands
// over those whose request takes too long: fasthttp answers 408. When the server stops it closes
// all that are idle.
func (l *loop) expire() {
	l.adopt()
	config := &l.server.config
	request, idleTime := ticks(config.RequestTimeout, config.Tick),
		ticks(config.IdleTimeout, config.Tick)
	longest := int64(never)
	for _, c := range l.conns {
		if c == nil {
			continue
		}
		if !c.isUnfinished() {
			longest = min(longest, c.since)
		}
		switch waited := l.now - c.since; {
		case c.state == reading && waited > request:
			l.handOver(c, c.pending, nil, false)
		case (c.state == sending || c.state == waiting) && waited > request,
			!c.isUnfinished() && waited > idleTime:
			l.close(c)
		case !c.isUnfinished() && l.stopping &&
			(c.state == idle || waited > ticks(firstRequest, config.Tick)):
			l.readable(c, false, nil) // a request may be there already
			l.deliver()
			if c.isHere() && !c.isUnfinished() {
				l.close(c)
			}
		}
	}
	l.room.longestIdle.Store(longest)
}

// makeRoom closes up to n connections that are idle for the longest time.
func (l *loop) makeRoom(n int) {
	l.adopt()
	longest, next := int64(never), int64(never)
	for _, c := range l.conns {
		if c != nil && !c.isUnfinished() {
			longest = min(longest, c.since)
		}
	}
	for _, c := range l.conns {
		if c == nil || c.isUnfinished() {
			continue
		}
		if c.since == longest && n > 0 && l.now-longest > ticks(idleForRoom, l.server.config.Tick) {
			l.readable(c, false, nil) // a request may be there already
			l.deliver()
			if c.isHere() && !c.isUnfinished() && c.since == longest {
				l.close(c)
				l.server.evicted.Add(1)
				n--
				continue
			}
		}
		next = min(next, c.since)
	}
	l.room.longestIdle.Store(next)
	select {
	case l.room.made <- struct{}{}:
	default:
	}
}

// evict gives up the oldest unfinished requests when they hold too much memory, also queued ones:
// enough of those would otherwise have all others given up. If older ones are with fasthttp it gives
// up those.
func (l *loop) evict() {
	s := l.server
	if !s.memory.isDue() {
		return
	}
	var all []*conn
	for _, c := range l.conns {
		if c != nil && c.held > 0 {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *conn) int { return cmp.Compare(a.since, b.since) })
	if len(all) == 0 || s.served.oldestRequest() < all[0].since {
		s.served.evict(s.memory.excess())
		return
	}
	n := s.memory.excess()
	for _, c := range all {
		if n <= 0 {
			return
		}
		n -= int64(c.held)
		if c.state != sending { // in the middle of an answer
			send(c.fd, s.config.Full) // or it goes without an answer
		}
		l.close(c)
		s.forgotten.Add(1)
		s.config.Refused()
	}
}

// firstRequest is how long a drain waits for a new connection's first request, as fasthttp's and
// net/http's do.
const firstRequest = 5 * time.Second
