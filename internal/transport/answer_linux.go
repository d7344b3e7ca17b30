package transport

import (
	"bufio"
	"bytes"
	"errors"
	"sync/atomic"
	"syscall"

	"github.com/valyala/fasthttp"
)

// answerer answers requests that are plain: all there, and nothing in them that changes the connection. fasthttp reads
// them, from a buffer instead of a socket, and it writes the answers.
type answerer struct {
	config   *Config
	draining *atomic.Bool

	buf  []byte // what was read of the socket; nothing changes it, for fasthttp may have to read it again
	head window
	in   *bufio.Reader // of the window
	ctx  *fasthttp.RequestCtx
	host fasthttp.URI
	out  sink
	w    *bufio.Writer // to the sink
}

func newAnswerer(c *Config, draining *atomic.Bool) answerer {
	return answerer{
		config: c, draining: draining,
		buf: make([]byte, bufferSize),
		in:  bufio.NewReaderSize(nil, c.MaxHeader), // as fasthttp's own
		w:   bufio.NewWriterSize(nil, 16<<10),
		ctx: new(fasthttp.RequestCtx),
	}
}

// next is what becomes of a connection.
type next int

const (
	stay     next = iota // it waits for more
	handOver             // what is left is not plain
	leave                // it closes behind its last answer
)

var endOfHead = []byte("\r\n\r\n")

// answer answers the requests that data begins with, in one write, and returns the rest.
func (a *answerer) answer(c *conn, data []byte) (rest []byte, n next) {
	a.out.begin(c.fd)
	a.w.Reset(&a.out)
	a.head.b = data
	a.in.Reset(&a.head)
	for rest = data; len(rest) > 0 && n == stay && len(a.out.unsent) == 0; {
		end := bytes.Index(rest, endOfHead)
		if end < 0 {
			n = a.unfinished(c, rest, c.pending == nil || len(rest) < len(data))
			break
		}
		size, plain := a.read(rest, end+len(endOfHead))
		if !plain {
			n = handOver
			break
		}
		if size > len(rest) {
			c.need = size
			break
		}
		c.asked = true
		rest = rest[size:]
		n = a.handle(c)
	}
	_ = a.w.Flush() // the sink keeps the error
	return rest, n
}

// errUnfinished is the end of a window.
var errUnfinished = errors.New("transport: the rest is still to come")

// unfinished looks at the beginning of a head when fasthttp would: when there is any of it, and when its request line
// is complete. What fasthttp finds wrong then is fasthttp's to answer.
func (a *answerer) unfinished(c *conn, data []byte, first bool) next {
	eol := bytes.IndexByte(data, '\n')
	if len(data) >= a.config.MaxHeader || data[0] == '\r' || eol == 0 || eol > 0 && data[eol-1] != '\r' {
		return handOver
	}
	c.need = len(data) + 1
	if !first {
		if c.line || eol < 0 {
			return stay
		}
		a.head.b = data[:eol+1]
		a.in.Reset(&a.head)
	}
	c.line = eol > 0
	if err := a.ctx.Request.Header.Read(a.in); !errors.Is(err, errUnfinished) {
		return handOver
	}
	return stay
}

var root = []byte("/")

// read reads the request at the beginning of data, whose head ends at end, into the context. It returns the request's
// length, which may be more than there is, and whether the request is plain.
func (a *answerer) read(data []byte, end int) (size int, plain bool) {
	r := &a.ctx.Request
	h := &r.Header
	if err := h.Read(a.in); err != nil || a.in.Buffered()+len(a.head.b) != len(data)-end {
		return 0, false
	}
	length := h.ContentLength()
	if length == -1 || length > a.config.MaxBody || end+length > len(a.buf) ||
		!h.IsHTTP11() || h.ConnectionClose() || h.ConnectionUpgrade() || r.MayContinue() {
		return 0, false
	}
	// Of the origin form, only the host can be wrong, which fasthttp remembers the last good one of.
	if target := h.RequestURI(); target[0] != '/' || len(target) > 1 && target[1] == '/' || a.host.Parse(h.Host(), root) != nil {
		return 0, false
	}
	if length <= 0 {
		return end, r.ContinueReadBody(a.in, a.config.MaxBody, false) == nil
	}
	if size = end + length; size <= len(data) {
		r.SetBodyRaw(data[end:size:size])
		_, _ = a.in.Discard(length) // it is there
	}
	return size, true
}

// handle has the handler answer the request in the context.
func (a *answerer) handle(c *conn) next {
	ctx := a.ctx
	ctx.Init2(c, silent{}, false)
	ctx.Response.Header.SetNoDefaultContentType(true)
	a.config.Handler(ctx)
	response := &ctx.Response
	if late := ctx.LastTimeoutErrorResponse(); late != nil {
		a.ctx = new(fasthttp.RequestCtx) // the other one is still somebody's
		return a.send(late)
	}
	response.SkipBody = ctx.IsHead()
	if ctx.Hijacked() {
		ctx.Hijack(nil)
		response.Reset()
		response.SetStatusCode(fasthttp.StatusInternalServerError)
		response.SetConnectionClose()
	}
	n := a.send(response)
	ctx.Request.Reset()
	response.Reset()
	return n
}

func (a *answerer) send(r *fasthttp.Response) next {
	if a.draining.Load() {
		r.SetConnectionClose()
	}
	closes := r.ConnectionClose()
	if err := r.Write(a.w); err != nil || closes { // an error is that of a body's stream, or the sink's
		return leave
	}
	return stay
}

// window is a reader of bytes that were read already.
type window struct{ b []byte }

func (w *window) Read(p []byte) (int, error) {
	if len(w.b) == 0 {
		return 0, errUnfinished
	}
	n := copy(p, w.b)
	w.b = w.b[n:]
	return n, nil
}

// sink writes to a socket, and keeps what it does not take.
type sink struct {
	fd     int
	unsent []byte
	err    error
}

func (s *sink) begin(fd int) {
	s.fd, s.err = fd, nil
	if s.unsent = s.unsent[:0]; cap(s.unsent) > bufferSize {
		s.unsent = nil
	}
}

func (s *sink) Write(p []byte) (int, error) {
	rest := p
	for len(s.unsent) == 0 && len(rest) > 0 && s.err == nil {
		n, errno := write(s.fd, rest)
		switch errno {
		case 0:
			rest = rest[n:]
		case syscall.EAGAIN:
			s.unsent = append(s.unsent, rest...)
			return len(p), nil
		case syscall.EINTR:
		default:
			s.err = errno
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	s.unsent = append(s.unsent, rest...)
	return len(p), nil
}
