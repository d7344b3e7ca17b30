package transport

import (
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// settle makes a connection the loop's own: its first request was plain, and so will be the others.
func (l *loop) settle(c *conn) {
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return // no descriptor is left: it does as it is
	}
	l.poll.remove(c.fd)
	l.conns[c.fd] = nil
	c.take(fd)
	l.place(c)
	if err := l.poll.add(fd); err != nil {
		l.server.log.Warn("a connection was lost", "error", err)
		if l.deliver(); l.conns[fd] == c {
			l.close(c)
		}
	}
}

// take takes the socket, by a descriptor of its own, out of Go's poller, which would be woken by each of its events.
func (c *conn) take(fd int) {
	_ = c.origin.Close()
	c.fd, c.origin = fd, nil
}

// release returns it as a connection of Go's.
func (c *conn) release() (net.Conn, error) {
	if c.origin != nil {
		return c.origin, nil
	}
	f := os.NewFile(uintptr(c.fd), "")
	defer f.Close()
	return net.FileConn(f)
}

// handOver gives a connection to fasthttp, with what was read of it and what was not yet sent.
func (l *loop) handOver(c *conn, data, unsent []byte, last bool) {
	e := &early{unsent: unsent, last: last, read: slices.Clone(data), since: c.since}
	l.poll.remove(c.fd)
	l.forget(c)
	l.count.Add(-1)
	nc, err := c.release()
	if err != nil {
		l.server.log.Warn("a connection was lost", "error", err)
		l.server.open.Add(-1)
		return
	}
	l.server.queue.push(l.server.served.add(nc, e))
}
