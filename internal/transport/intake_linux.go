package transport

import "golang.org/x/sys/unix"

// intake reads the sockets of many connections before the first of their requests is answered, all
// in one system call. Without a ring each socket is read when its turn comes: to read them first,
// in a call each, was slower.
type intake struct {
	ring   *ring // nil: there is none
	memory []byte
	rows   [maxAnswered]arrival // of the events
	asked  [maxAnswered]*arrival
}

// arrival is what was read of an event's connection.
type arrival struct {
	conn   *conn  // nil: nothing was read
	room   []byte // into which it was read
	result int32  // how many bytes, or the number of an error, negative
}

// fewest is for how many sockets the ring costs less than a system call for each.
var fewest = 3

// A stride between two connections' bytes that is no power of two puts them into different sets of
// the processor's caches.
const stride = maxRead + 9*64

func newIntake(r *ring) intake {
	if r == nil {
		return intake{}
	}
	in := intake{ring: r, memory: make([]byte, maxAnswered*stride)}
	for i := range in.rows {
		in.rows[i].room = in.memory[i*stride:][:maxRead:maxRead]
	}
	return in
}

// take reads the connections of up to maxAnswered events.
func (l *loop) take(events []unix.EpollEvent) {
	in := &l.intake
	if in.ring == nil {
		return
	}
	n := 0
	for i := range events {
		row := &in.rows[i]
		row.conn = nil
		if c := l.find(int(events[i].Fd)); c != nil && c.reads() && c.pending == nil {
			row.conn = c
			in.asked[n] = row
			n++
		}
	}
	if n < fewest {
		for _, row := range in.asked[:n] {
			row.conn = nil
		}
		return
	}
	for _, row := range in.asked[:n] {
		in.ring.receive(row.conn.fd, row.room)
	}
	for i, result := range in.ring.do() {
		in.asked[i].result = result
	}
}

// arrived returns what was read of the connection of an event, nil if nothing was.
func (l *loop) arrived(i int, c *conn) *arrival {
	if row := &l.intake.rows[i]; row.conn == c {
		return row
	}
	return nil
}
