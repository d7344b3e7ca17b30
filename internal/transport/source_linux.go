package transport

import (
	"errors"
	"io"
)

// errUnfinished is returned at the end of a source: the rest is still to come.
var errUnfinished = errors.New("transport: the rest is still to come")

// source reads what was read before, and then, with reads, reads a socket once.
type source struct {
	before []byte
	fd     int
	reads  bool
	limit  int  // how many bytes the read may bring
	full   bool // it brought as many: there may be more
}

func (s *source) Read(p []byte) (int, error) {
	n := copy(p, s.before)
	s.before = s.before[n:]
	if s.reads {
		s.reads = false
		room := p[n:min(len(p), n+s.limit)]
		m, errno := receive(s.fd, room)
		s.full = m == len(room)
		switch {
		case errno != 0:
			return n, errno
		case m == 0:
			return n, io.EOF
		}
		return n + m, nil
	}
	if n == 0 {
		return 0, errUnfinished
	}
	return n, nil
}
