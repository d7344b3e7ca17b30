package transport

import (
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// settle takes a connection out of Go's poller after its first answer: it was plain, and the others
// will be.
func (l *loop) settle(c *conn) {
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return // no descriptor is left: it works without
	}
	l.poll.remove(c.fd)
	l.conns[c.fd] = nil
	c.take(fd)
	l.place(c)
	if err := l.poll.add(fd); err != nil {
		l.warnOfLoss(err)
		if l.deliver(); c.isHere() {
			l.close(c)
		}
	}
}

// take leaves the connection with a descriptor of its own, out of Go's poller, which each event
// would wake.
func (c *conn) take(fd int) {
	_ = c.origin.Close()
	c.fd, c.origin = fd, nil
}

// release returns the connection as one of package net.
func (c *conn) release() (net.Conn, error) {
	if c.origin != nil {
		return c.origin, nil
	}
	f := os.NewFile(uintptr(c.fd), "")
	defer f.Close()
	return net.FileConn(f)
}

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
	nc, err := c.release()
	if err != nil {
		l.warnOfLoss(err)
		l.server.open.Add(-1)
		return
	}
	l.server.queue.push(l.server.served.add(nc, e))
}
