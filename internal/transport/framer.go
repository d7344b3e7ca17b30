package transport

import (
	"bytes"
	"fmt"
	"io"

	"github.com/valyala/fasthttp"

	"videotoken/internal/ascii"
)

// framer reads the requests of a connection in front of fasthttp, and strictly. What it passes on
// is the head as it came, line by line once each was found good, and the end of the head only when
// the body is complete: fasthttp, which allocates a whole Content-Length at once, sees no request
// that is still being sent, and no form of a body but a length or one chunk.
type framer struct {
	maxBody int

	part    part
	framing framing
	in      []byte // read, and not yet framed
	space   []byte // the block that in is a part of, nil for what a loop read
	line    []byte // of the head, the one that is not complete
	passed  int    // how much of line is in ready
	begun   bool   // a byte of the request was passed on

	finished bool // a whole request was passed on
	requests int  // how many were
	head     int  // the number of the last that is a HEAD, 0 for none
	chunks   chunks
	body     []byte // a block that begins with the end of the head
	ready    []byte // for fasthttp to read
	rest     []byte // a part of body that comes after it
	interim  bool   // 100 Continue is due after ready
	err      error  // after ready
}

// part is the part of a request that is read next.
type part int8

const (
	partRequestLine part = iota
	partFields
	partLength // a body with a Content-Length
	partChunks // a body in chunks
)

// frame frames what was read, up to an error, an expectation, or a long body.
func (f *framer) frame() {
	for len(f.in) > 0 && f.err == nil && !f.interim && len(f.rest) == 0 {
		switch f.part {
		case partLength:
			n := min(len(f.in), int(f.framing.length)+1-len(f.body))
			f.body, f.in = appendBlock(f.body, f.in[:n]), f.in[n:]
			if len(f.body) == int(f.framing.length)+1 {
				f.finish(f.body)
			}
		case partChunks:
			f.body, f.in, f.err = f.chunks.read(f.body, f.in, int64(f.maxBody))
			switch {
			case f.err == fasthttp.ErrBodyTooLarge:
				f.finish(fmt.Appendf(nil, "\n%x\r\n", f.maxBody+1)) // fasthttp refuses it, too
			case f.err == nil && f.chunks.state == chunksDone:
				f.finishChunks()
			}
		default:
			f.frameLine()
		}
	}
	if f.err != nil && (!f.begun || f.part == partRequestLine) {
		f.ready = append(f.ready, anyByte)
	}
}

// frameLine frames a line of the head, or the beginning of one.
func (f *framer) frameLine() {
	eol := bytes.IndexByte(f.in, '\n')
	if eol < 0 {
		f.line = append(f.line, f.in...)
		f.in = f.in[:0]
		f.pass(len(f.line))
		return
	}
	f.line = append(f.line, f.in[:eol+1]...)
	f.in = f.in[eol+1:]
	n := len(f.line) - 2
	if n < 0 || f.line[n] != '\r' {
		f.err = errLine
		return
	}
	line := f.line[:n]
	var drop bool
	switch {
	case f.part == partRequestLine && n == 0: // empty lines before a request: RFC 9112, section 2.2
	case f.part == partRequestLine:
		if f.err = f.framing.requestLine(line); f.err == nil {
			f.part = partFields
		}
		if f.framing.head {
			f.head = f.requests + 1
		}
	case n == 0:
		f.endHead()
		return
	default:
		drop, f.err = f.framing.field(line)
	}
	if f.err == nil && !drop {
		f.pass(len(f.line))
	}
	f.line, f.passed = f.line[:0], 0
}

// pass passes on the line up to an end, except for one that may be an expectation: it is kept until
// it is known to be another.
func (f *framer) pass(end int) {
	const name = "expect:"
	if f.part == partFields && f.line[end-1] != '\n' {
		n := min(end, len(name))
		if ascii.EqualLower(f.line[:n], name[:n]) {
			if end > maxExpect {
				f.err = errField
			}
			return
		}
	}
	f.ready = append(f.ready, f.line[f.passed:end]...)
	f.passed, f.begun = end, true
}

// maxExpect is how long the beginning of an expectation may be.
const maxExpect = 256

// endHead decides how the body is read. The last byte of the head is passed on with it.
func (f *framer) endHead() {
	if f.passed == 0 {
		f.ready = append(f.ready, '\r')
	}
	f.line, f.passed = f.line[:0], 0
	// before it is asked for its body: RFC 9112, section 3.2
	if f.framing.http11 && !f.framing.hasHost {
		f.err = errHost
		return
	}
	f.body = append(f.body[:0], '\n') // the block is taken when more comes
	switch {
	case f.framing.chunked:
		// The size is filled in at the end.
		f.body = fmt.Appendf(f.body, "%08x\r\n", 0)
		f.part = partChunks
	case f.framing.length > int64(f.maxBody):
		f.finish(f.body) // fasthttp refuses it
		f.err = fasthttp.ErrBodyTooLarge
		return
	case f.framing.length > 0:
		f.part = partLength
	default:
		f.finish(f.body)
		return
	}
	f.interim = f.framing.expects
}

func (f *framer) finishChunks() {
	const head = 1 + 8 + 2
	if len(f.body) == head {
		f.finish([]byte("\n0\r\n\r\n"))
		return
	}
	copy(f.body[1:], fmt.Appendf(nil, "%08x", len(f.body)-head))
	f.body = append(f.body, "\r\n0\r\n\r\n"...)
	f.finish(f.body)
}

// finish passes on the rest of the request, and begins the next.
func (f *framer) finish(rest []byte) {
	if len(rest) > maxKept {
		f.rest = rest
	} else {
		f.ready = append(f.ready, rest...)
		f.free()
	}
	f.framing, f.chunks, f.part, f.begun = framing{}, chunks{}, partRequestLine, false
	f.finished = true
	f.requests++
}

// free gives back the block of a long body.
func (f *framer) free() {
	if cap(f.body) > maxKept {
		freeBlock(f.body)
		f.body = nil
	}
}

// maxKept is how much memory a connection keeps between requests.
const maxKept = 1 << 10

// take gives what is ready, and then the error.
func (f *framer) take(b []byte) (int, error) {
	n := copy(b, f.ready)
	if f.ready = f.ready[n:]; len(f.ready) == 0 {
		f.ready = nil
	}
	if len(f.ready) == 0 && len(f.rest) > 0 {
		m := copy(b[n:], f.rest)
		n += m
		if f.rest = f.rest[m:]; len(f.rest) == 0 {
			f.rest = nil
			f.free()
		}
	}
	if n == 0 {
		return 0, f.err
	}
	return n, nil
}

// taken reports whether fasthttp has read all that is for it.
func (f *framer) taken() bool { return len(f.ready) == 0 && len(f.rest) == 0 }

// memory is how much the request holds.
func (f *framer) memory() int {
	return max(cap(f.space), cap(f.in)) + cap(f.line) + cap(f.body) + cap(f.ready) +
		cap(f.chunks.line)
}

// waits reports whether nothing of a request is there.
func (f *framer) waits() bool {
	return len(f.in) == 0 && f.taken() && !f.begun && len(f.line) == 0 && f.part == partRequestLine
}

var interimAnswer = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// read reads from r, and writes interim answers to it, after what comes before them was read.
func (f *framer) read(r io.ReadWriter, b []byte) (int, error) {
	for f.taken() && f.err == nil {
		if f.interim {
			f.interim = false
			if _, err := r.Write(interimAnswer); err != nil {
				return 0, err
			}
		}
		if len(f.in) == 0 {
			n, err := r.Read(b)
			if err != nil && n == 0 {
				return 0, err
			}
			f.space = appendBlock(nil, b[:n])
			f.in = f.space
		}
		if f.frame(); len(f.in) == 0 {
			freeBlock(f.space)
			f.space = nil
		}
	}
	return f.take(b)
}
