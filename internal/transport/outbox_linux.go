package transport

import (
	"slices"
	"syscall"
)

// outbox sends the answers of many connections, which lie in one buffer, each to its own. They are kept there for a
// while, so that the code that answers and the code of the kernel that sends push each other out of the processor's
// caches once in many requests instead of once in each.
type outbox struct {
	answered []answered
	to       *conn // whose answers lie behind the last of those
	undone   []undone
}

// answered is a connection whose answers lie in the buffer up to an end.
type answered struct {
	conn *conn
	end  int
}

// undone is what a socket did not take, or why it takes nothing any more.
type undone struct {
	conn   *conn
	unsent []byte
	err    error
}

// maxAnswered is how many connections' answers are kept. More do not help.
const maxAnswered = 32

// Write sends what is in the buffer. Its error is that of the last connection.
func (o *outbox) Write(p []byte) (int, error) {
	start := 0
	for _, a := range o.answered {
		_ = o.send(a.conn, p[start:a.end]) // which is in undone
		start = a.end
	}
	o.forget()
	if start == len(p) {
		return len(p), nil
	}
	return len(p), o.send(o.to, p[start:])
}

func (o *outbox) forget() {
	clear(o.answered)
	o.answered = o.answered[:0]
}

// send sends to one connection.
func (o *outbox) send(c *conn, b []byte) error {
	if u := o.failed(c); u != nil {
		if u.err == nil {
			u.unsent = append(u.unsent, b...)
		}
		return u.err
	}
	for len(b) > 0 {
		n, errno := send(c.fd, b)
		switch errno {
		case 0:
			b = b[n:]
		case syscall.EAGAIN:
			o.undone = append(o.undone, undone{conn: c, unsent: slices.Clone(b)})
			return nil
		case syscall.EINTR:
		default:
			o.undone = append(o.undone, undone{conn: c, err: errno})
			return errno
		}
	}
	return nil
}

// take takes out what is undone of the connection that was sent to last.
func (o *outbox) take(c *conn) (u undone) {
	if failed := o.failed(c); failed != nil {
		u, *failed = *failed, undone{}
		o.undone = o.undone[:len(o.undone)-1]
	}
	return u
}

// end is where the last answers of those end.
func (o *outbox) end() int {
	if n := len(o.answered); n > 0 {
		return o.answered[n-1].end
	}
	return 0
}

// failed is what is undone of the connection that was sent to last.
func (o *outbox) failed(c *conn) *undone {
	if n := len(o.undone); n > 0 && o.undone[n-1].conn == c {
		return &o.undone[n-1]
	}
	return nil
}
