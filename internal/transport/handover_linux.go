package transport

import "slices"

// handOver gives a connection to fasthttp, with what was read and not answered, and what was not
// sent.
func (l *loop) handOver(c *conn, data, unsent []byte, last bool) {
	e := &early{
		unsent: unsent, last: last, lingers: last || c.answered,
		read: slices.Clone(data), since: c.since,
	}
	l.poll.remove(c.fd)
	l.forget(c, handedOver)
	l.count.Add(-1)
	nc, err := asConn(c.fd)
	if err != nil {
		l.warnOfLoss(err)
		l.server.open.Add(-1)
		return
	}
	l.server.queue.push(l.server.served.add(nc, e))
}
