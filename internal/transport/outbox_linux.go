package transport

import (
	"slices"
	"syscall"
)

// outbox sends the answers of many connections, which are in one buffer, each to its own. It keeps
// them for a while, because the code that answers and the kernel's code that sends push each other
// out of the processor's caches: better once in many requests than once in each.
type outbox struct {
	answered []answered
	to       *conn // the connection of the answers after the last of those
	undone   []undone
	ring     *ring  // nil: there is none
	batch    uint32 // the number of the last batch
}

// answered is a connection with the end of its answers in the buffer.
type answered struct {
	conn *conn
	end  int
}

// undone is what a socket did not take, or the error of the socket.
type undone struct {
	conn   *conn
	unsent []byte
	err    error
}

// maxAnswered is how many connections' answers are kept. More do not help.
const maxAnswered = 32

// Write sends what is in the buffer. It returns the error of the last connection.
func (o *outbox) Write(p []byte) (int, error) {
	sent := o.sendBatch(p)
	start := 0
	for i, a := range o.answered {
		if sent != nil {
			start += max(int(sent[i]), 0)
		}
		if start < a.end { // what the ring did not send is tried again, which tells why
			_ = o.send(a.conn, p[start:a.end]) // undone has the error
		}
		start = a.end
	}
	o.forget()
	if start == len(p) {
		return len(p), nil
	}
	return len(p), o.send(o.to, p[start:])
}

// sendBatch sends the answers in one system call, and returns the results of the ring. It returns nil
// if they are to be sent one by one.
func (o *outbox) sendBatch(p []byte) []int32 {
	if !o.isBatch() {
		return nil
	}
	start := 0
	for _, a := range o.answered {
		o.ring.send(a.conn.fd, p[start:a.end])
		start = a.end
	}
	return o.ring.do()
}

// isBatch reports whether the answers may be sent in one system call: they are for connections of
// which each has one, or what a socket does not take of its first would come after its second.
func (o *outbox) isBatch() bool {
	if o.ring == nil || len(o.answered) < fewest || len(o.undone) > 0 {
		return false
	}
	o.batch++
	for _, a := range o.answered {
		if a.conn.batch == o.batch {
			return false
		}
		a.conn.batch = o.batch
	}
	return true
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

// take removes and returns what is undone of a connection.
func (o *outbox) take(c *conn) (u undone) {
	for i := range o.undone {
		if o.undone[i].conn == c {
			u = o.undone[i]
			o.undone = slices.Delete(o.undone, i, i+1)
			break
		}
	}
	return u
}

// end returns where the last of the answers that are kept ends.
func (o *outbox) end() int {
	if n := len(o.answered); n > 0 {
		return o.answered[n-1].end
	}
	return 0
}

// failed returns what is undone of a connection, nil if nothing is.
func (o *outbox) failed(c *conn) *undone {
	for i := range o.undone {
		if o.undone[i].conn == c {
			return &o.undone[i]
		}
	}
	return nil
}
