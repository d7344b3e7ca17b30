package transport

import (
	"bufio"
	"bytes"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// answerer answers requests that are plain: all there, and nothing in them that changes the connection. fasthttp reads
// them, from the buffer of a reader, into which they come straight from the socket; and it writes the answers.
type answerer struct {
	config   *Config
	draining *atomic.Bool

	in     *bufio.Reader // of the source
	source source
	line   *bufio.Reader // of the lines of a head that is not whole
	lines  []byte
	whole  source // of these lines
	ctx    *fasthttp.RequestCtx
	peer   *peer  // whose request is in ctx
	host   []byte // the last good one
	uri    fasthttp.URI
	out    outbox
	w      *bufio.Writer // to the outbox; its buffer has the answers
}

func newAnswerer(c *Config, draining *atomic.Bool) *answerer {
	a := &answerer{
		config: c, draining: draining,
		line: bufio.NewReaderSize(nil, 2*c.MaxHeader),
		w:    bufio.NewWriterSize(nil, bufferSize),
	}
	a.w.Reset(&a.out)
	a.renew()
	return a
}

// renew makes a context, and the reader whose buffer its body points into: the first, or those instead of what a handler
// keeps.
func (a *answerer) renew() {
	a.ctx, a.peer = new(fasthttp.RequestCtx), new(peer)
	a.time()
	a.in = bufio.NewReaderSize(nil, max(bufferSize, 2*a.config.MaxHeader))
}

// time tells the context the time, which is that of all requests until the next call.
func (a *answerer) time() { a.ctx.Init2(a.peer, silent{}, false) }

// read reads what a socket has, once, behind what of a request was read before. It reports whether there may be more.
func (a *answerer) read(c *conn) (more bool, err error) {
	limit := max(maxRead, c.need-len(c.pending))
	a.source = source{fd: c.fd, before: c.pending, once: true, limit: limit}
	a.in.Reset(&a.source)
	_, err = a.in.Peek(len(c.pending) + 1)
	return a.source.full, err
}

// maxRead is how much of a connection one read takes, except for the rest of a longer request. What
// more a client sends than it has turns stays in the kernel, whose window then slows the client down.
const maxRead = 8 << 10

// reread puts what is pending of a connection into the reader.
func (a *answerer) reread(c *conn) {
	a.source = source{before: c.pending}
	a.in.Reset(&a.source)
	_, _ = a.in.Peek(len(c.pending)) // the reader has room for it
}

// unread is what was read, and not taken out of the reader. It is good until the reader reads.
func (a *answerer) unread() []byte {
	b, _ := a.in.Peek(a.in.Buffered()) // which are there
	return b
}

// next is what becomes of a connection.
type next int

const (
	stay     next = iota // it waits for more
	handOver             // what is left is not plain
	leave                // it closes after its last answer
	yields               // it has had its turn, and there may be more requests in the rest
)

// maxTurn is how many requests of one connection are answered before other connections have their turn.
const maxTurn = 4

var endOfHead = []byte("\r\n\r\n")

// answer answers the requests that data begins with, which is what was read, up to the first that is not plain or not
// all there. It returns the rest. The answers of a connection that stays are kept, those of another are sent.
func (a *answerer) answer(c *conn, data []byte) (rest []byte, n next) {
	a.out.to, a.peer.conn = c, c
	answers := 0
	for rest = data; len(rest) > 0 && n == stay; {
		if answers == maxTurn {
			n = yields
			break
		}
		end := bytes.Index(rest, endOfHead)
		if end < 0 {
			n = a.unfinished(c, rest, c.pending == nil || len(rest) < len(data))
			break
		}
		var size int
		if rest, size = a.parse(rest, end+len(endOfHead)); size == 0 {
			n = handOver
			break
		}
		if size > len(rest) {
			c.need = size
			break
		}
		c.asked = true
		rest = rest[size:]
		n = a.handle()
		answers++
	}
	if n != stay && n != yields {
		a.flush()
	} else if end := a.w.Buffered(); end > a.out.end() {
		a.out.answered = append(a.out.answered, answered{c, end})
	}
	return rest, n
}

// flush sends the answers that are kept. What could not be sent is in the outbox.
func (a *answerer) flush() {
	if a.w.Flush() != nil { // the error is in the outbox, too, and is not that of the next connection
		a.w.Reset(&a.out)
	}
}

// unfinished looks at the beginning of a head when fasthttp would: at its lines when there are any, and at the request
// line when that is complete. What is wrong with them, or may be before a line is complete, is fasthttp's to answer.
func (a *answerer) unfinished(c *conn, data []byte, first bool) next {
	eol := bytes.IndexByte(data, '\n')
	if len(data) >= a.config.MaxHeader || data[0] == '\r' || eol == 0 || eol > 0 && data[eol-1] != '\r' || folded(data) {
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
	if !a.good(lines) {
		return handOver
	}
	return stay
}

// good reports whether lines are the beginning of a good head. They are made a whole one, since to say that one is not
// whole fasthttp makes an error of a dozen allocations.
func (a *answerer) good(lines []byte) bool {
	a.lines = append(a.lines[:0], lines...)
	if !hasHost(lines) {
		a.lines = append(a.lines, "Host: h\r\n"...)
	}
	a.lines = append(a.lines, "\r\n"...)
	a.whole = source{before: a.lines}
	a.line.Reset(&a.whole)
	return a.ctx.Request.Header.Read(a.line) == nil
}

// hasHost reports whether there is a Host among lines.
func hasHost(lines []byte) bool {
	for {
		eol := bytes.IndexByte(lines, '\n')
		if eol < 0 {
			return false
		}
		if lines = lines[eol+1:]; len(lines) >= len(hostName) && bytes.EqualFold(lines[:len(hostName)], hostName) {
			return true
		}
	}
}

// folded reports whether a head has lines that go on in the next (RFC 9112, section 5.2). fasthttp unfolds them where
// they lie, so that what is handed over would not be what came.
func folded(head []byte) bool {
	return bytes.Contains(head, spaceFold) || bytes.Contains(head, tabFold)
}

var (
	hostName  = []byte("Host:")
	spaceFold = []byte("\n ")
	tabFold   = []byte("\n\t")
	root      = []byte("/")
)

// parse reads the request at the beginning of data, whose head ends at end, into the context. It returns the request's
// length, which may be more than there is; 0 for one that is not plain. And it returns data, which may have moved.
func (a *answerer) parse(data []byte, end int) ([]byte, int) {
	r := &a.ctx.Request
	h := &r.Header
	if end > a.config.MaxHeader || !isPlain(data[:end]) {
		return data, 0
	}
	if err := h.Read(a.in); err != nil {
		return a.unread(), 0
	}
	length := h.ContentLength()
	if a.in.Buffered() != len(data)-end ||
		length == -1 || length > a.config.MaxBody || end+length > a.in.Size() ||
		!h.IsHTTP11() || h.ConnectionClose() || h.ConnectionUpgrade() || r.MayContinue() {
		return data, 0
	}
	if target := h.RequestURI(); target[0] != '/' || len(target) > 1 && target[1] == '/' || !a.knows(h.Host()) {
		return data, 0
	}
	if length <= 0 {
		if r.ContinueReadBody(a.in, a.config.MaxBody, false) != nil {
			return data, 0
		}
		return data, end
	}
	size := end + length
	if size <= len(data) {
		r.SetBodyRaw(data[end:size:size])
		_, _ = a.in.Discard(length) // it is there
	}
	return data, size
}

// knows reports whether fasthttp takes a host, which is all that can be wrong with a URI whose target has the origin
// form, if there is a host.
func (a *answerer) knows(host []byte) bool {
	if len(host) == 0 || bytes.IndexByte(host, '@') >= 0 {
		return false
	}
	if !bytes.Equal(host, a.host) {
		if a.uri.Parse(host, root) != nil {
			return false
		}
		a.host = append(a.host[:0], host...)
	}
	return true
}

// handle has the handler answer the request in the context.
func (a *answerer) handle() next {
	ctx := a.ctx
	response := &ctx.Response
	response.Header.SetNoDefaultContentType(true)
	a.config.Handler(ctx)
	if late := ctx.LastTimeoutErrorResponse(); late != nil {
		c, rest := a.peer.conn, a.unread()
		a.renew() // the other ones are still somebody's
		a.peer.conn = c
		a.source = source{before: rest}
		a.in.Reset(&a.source)
		_, _ = a.in.Peek(len(rest)) // it has room for them
		return a.send(late)
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
	if err := r.Write(a.w); err != nil || closes { // an error is that of a body's stream, or the outbox's
		return leave
	}
	if a.out.failed(a.peer.conn) != nil {
		return handOver
	}
	return stay
}
