package transport

import (
	"bufio"
	"bytes"
	"io"
	"sync/atomic"
	"syscall"

	"github.com/valyala/fasthttp"
)

// answerer answers plain requests: those that are complete and change nothing about the connection.
type answerer struct {
	config   *Config
	draining *atomic.Bool

	parser parser
	source source // what the parser reads
	peer   *peer  // the connection that the parser's context has
	out    outbox
	w      *bufio.Writer // to the outbox; the answers are in its buffer
}

func newAnswerer(c *Config, draining *atomic.Bool) *answerer {
	a := &answerer{config: c, draining: draining, parser: newParser(c),
		w: bufio.NewWriterSize(nil, bufferSize)}
	a.w.Reset(&a.out)
	a.renew()
	return a
}

// renew makes a new context, the first or one instead of a context that a handler keeps.
func (a *answerer) renew() {
	a.peer = new(peer)
	a.parser.renew(a.peer)
}

// read reads what a socket has, after what is pending of a request, or takes what has arrived. It
// reports whether there may be more.
func (a *answerer) read(c *conn, has *arrival) (more bool, err error) {
	if has != nil {
		switch n := int(has.result); {
		case n < 0:
			return false, syscall.Errno(-n)
		case n == 0:
			return false, io.EOF
		default:
			a.reread(has.room[:n])
			return n == len(has.room), nil
		}
	}
	limit := max(maxRead, c.need-len(c.pending))
	a.source = source{fd: c.fd, before: c.pending, reads: true, limit: limit}
	err = a.parser.fill(&a.source, len(c.pending)+1)
	return a.source.full, err
}

// maxRead is how much of a connection one read takes, except for the rest of a longer request. What
// else a client has sent stays in the kernel until its next turn, and the window slows it down.
const maxRead = 8 << 10

// reread puts into the reader what was read before.
func (a *answerer) reread(b []byte) {
	a.source = source{before: b}
	_ = a.parser.fill(&a.source, len(b)) // the reader has room for it
}

// next is what happens to a connection after its turn.
type next int

const (
	stay     next = iota // it waits for more
	yield                // it waits for another turn: there may be more requests in the rest
	park                 // its next request waits, which is the beginning of the rest
	last                 // its only request asked for the close, and nothing came after it
	block                // its client does not take the answers
	handOver             // the rest is not plain
	leave                // it closes after its last answer
)

// maxTurn is how many requests of one connection are answered before other connections have their
// turn. Well-behaved clients send one at a time.
const maxTurn = 2

var endOfHead = []byte("\r\n\r\n")

// answer answers the requests at the beginning of data, which is what was read: as many as a
// connection has in a turn, and up to the first that is not plain or not complete. It returns the
// rest. If the connection stays in the loop its answers are kept, else they are sent. A request
// with a large body is answered only as the first of a turn that was waited for.
func (a *answerer) answer(c *conn, data []byte, waited bool) (rest []byte, n next) {
	a.out.to, a.peer.conn = c, c
	answers := 0
	for rest = data; len(rest) > 0 && n == stay; {
		if answers == maxTurn {
			n = yield
			break
		}
		end := bytes.Index(rest, endOfHead)
		if end < 0 {
			// A connection that waited for its turn has pending bytes that nobody checked.
			n = a.unfinished(c, rest, c.need == 0 || len(rest) < len(data))
			break
		}
		end += len(endOfHead)
		var size int
		if rest, size = a.parser.parse(rest, end); size == 0 {
			n = handOver
			break
		}
		if size > len(rest) {
			c.need = size
			break
		}
		if size-end > largeBody && (answers > 0 || !waited) {
			a.parser.ctx.Request.Reset()
			n = yield
			break
		}
		ask := a.parser.asked()
		if n = a.handle(ask); n == park {
			break
		}
		rest = rest[size:]
		answers++
		if n == leave && ask.close && answers == 1 && !c.answered && len(rest) == 0 {
			n = last
		}
	}
	if n > last {
		a.flush()
	} else if end := a.w.Buffered(); end > a.out.end() {
		a.out.answered = append(a.out.answered, answered{c, end})
	}
	return rest, n
}

// flush sends the answers that are kept. The outbox has what could not be sent.
func (a *answerer) flush() {
	if a.w.Flush() != nil { // the outbox has the error, which the next connection must not get
		a.w.Reset(&a.out)
	}
}

// unfinished checks the beginning of a head: its first line when that is complete, and any others
// that came with it. If they are not good, fasthttp answers. first says that nothing of it was
// checked.
func (a *answerer) unfinished(c *conn, data []byte, first bool) next {
	eol := bytes.IndexByte(data, '\n')
	if len(data) >= a.config.MaxHeader || data[0] == '\r' || eol == 0 ||
		eol > 0 && data[eol-1] != '\r' || isFolded(data) {
		return handOver
	}
	c.need = len(data) + 1
	if first {
		c.line = false
	}
	if eol < 0 || c.line {
		return stay
	}
	c.line = true
	lines := data[:eol+1]
	if first {
		lines = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	if !a.parser.isGood(lines) {
		return handOver
	}
	return stay
}

// isFolded reports whether a head has lines that continue the one before (RFC 9112, section 5.2).
func isFolded(head []byte) bool {
	return bytes.Contains(head, spaceFold) || bytes.Contains(head, tabFold)
}

var (
	spaceFold = []byte("\n ")
	tabFold   = []byte("\n\t")
)

// handle calls the handler for the request in the context, and writes its answer.
func (a *answerer) handle(ask asked) next {
	ctx := a.parser.ctx
	response := &ctx.Response
	response.Header.SetNoDefaultContentType(true)
	a.config.Handler(ctx)
	if a.peer.pause != nil {
		ctx.Request.Reset()
		response.Reset()
		return park
	}
	if c := a.peer.conn; c.again {
		c.again, c.waited = false, nil
	}
	if late := ctx.LastTimeoutErrorResponse(); late != nil {
		c, rest := a.peer.conn, a.parser.unread()
		a.renew() // the handler goes on with the old one
		a.peer.conn = c
		a.reread(rest)
		return a.send(late, ask)
	}
	if ctx.IsHead() {
		response.SkipBody = true
	}
	if ctx.Hijacked() {
		ctx.Hijack(nil)
		response.Reset()
		response.SetStatusCode(fasthttp.StatusInternalServerError)
		response.SetConnectionClose()
	}
	n := a.send(response, ask)
	ctx.Request.Reset()
	response.Reset()
	return n
}

func (a *answerer) send(r *fasthttp.Response, ask asked) next {
	if ask.close || a.draining.Load() {
		r.SetConnectionClose()
	}
	closes := r.ConnectionClose()
	if ask.http10 && !closes { // RFC 9112, appendix C.2.2
		r.Header.Set(fasthttp.HeaderConnection, "keep-alive")
	}
	// the error is from a body's stream or the outbox
	if err := r.Write(a.w); err != nil || closes {
		return leave
	}
	if a.out.failed(a.peer.conn) != nil {
		return block
	}
	return stay
}
