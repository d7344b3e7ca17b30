package transport

import "golang.org/x/sys/unix"

// block has a connection wait until its client takes more of the answers. Meanwhile the socket is
// not read, so that the client's next requests stay in the kernel.
func (l *loop) block(c *conn, unsent []byte) {
	c.state, c.unsent = sending, unsent
	l.hold(c, cap(c.pending)+cap(unsent))
	l.poll.watchRoom(c.fd)
}

// unblock sends more of the answers, and has the connection wait for another turn when that was all
// of them.
func (l *loop) unblock(c *conn) {
	for len(c.unsent) > 0 {
		n, errno := send(c.fd, c.unsent)
		switch errno {
		case 0:
			c.unsent = c.unsent[n:]
		case unix.EAGAIN:
			return
		case unix.EINTR:
		default:
			l.close(c)
			return
		}
	}
	c.unsent, c.since = nil, l.now
	l.hold(c, cap(c.pending))
	l.enqueue(c)
}
