package transport

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// This file has what leans on how fasthttp works inside, beyond what it documents. A new version of
// fasthttp calls for a look at each, besides the tests:
//
//   - Init2 sets the time of a context's requests (parser.setTime).
//   - RequestHeader.Read takes a head out of a reader and leaves the body there, and the header's
//     methods judge it as fasthttp's own server does (parser.parse).
//   - A body that SetBodyRaw is given is not copied (parser.parse).
//   - A head is parsed when a part of it is there, and what is wrong with the part is an error
//     (parser.isGood).
//   - The server passes an error of Read within a head to ErrorHandler, wrapped, but answers
//     nothing if not one byte of the request came (anyByte).
//   - The server sends the answers it has before it waits for a head. So an interim answer that is
//     written when the server reads comes after them (framer.read).
//   - The server refuses a Content-Length or a chunk over the limit before it reads the body
//     (framer.endHead, framer.frame).
//   - A request counts when it was read, and not yet for ErrorHandler (requestNumber).
//   - Shutdown waits only for listeners that are served already (Server.startLoops), and closes the
//     connections that it believes idle (served.sending).

// requestNumber is the number of the request of its connection that is refused. fasthttp counts it
// when it has read it. It does not know its method: it has forgotten the request, or did not read
// so far.
func requestNumber(ctx *fasthttp.RequestCtx) int { return int(ctx.ConnRequestNum()) + 1 }

// anyByte stands for the first byte of a request that is refused.
const anyByte = 'G'

// newHTTP makes the fasthttp server for the connections that no loop serves.
func newHTTP(s *Server) *fasthttp.Server {
	c := &s.config
	return &fasthttp.Server{
		Handler:      s.handleServed,
		ErrorHandler: s.refuse,
		Logger:       silent{},

		MaxRequestBodySize: c.MaxBody,
		ReadBufferSize:     c.MaxHeader,
		// The number of connections and their times are limited by this package, which costs less
		// than fasthttp's deadlines and has answers of its own.
		Concurrency: 2 * c.MaxConnections,

		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
		LazyRequestTime:              true,
		CloseOnShutdown:              true,
	}
}

// silent is fasthttp's logger. fasthttp logs bad requests, of which anyone can send any number, and
// quotes them with their tokens and cookies. They are counted instead, as answers.
type silent struct{}

func (silent) Printf(string, ...any) {}

// parser parses requests for a loop with fasthttp's parser.
type parser struct {
	config *Config

	in    *bufio.Reader // into which requests come straight from the socket
	line  *bufio.Reader // of the lines of a head that is not complete
	lines []byte
	whole bytes.Reader // of these lines
	ctx   *fasthttp.RequestCtx
	conn  net.Conn // of the context
	host  []byte   // the last good one of a target in origin form
	uri   fasthttp.URI
}

func newParser(c *Config) parser {
	return parser{config: c, line: bufio.NewReaderSize(nil, 2*c.MaxHeader)}
}

// renew makes a context and a reader, whose buffer bodies point into. They replace the ones that a
// handler keeps.
func (p *parser) renew(conn net.Conn) {
	p.ctx, p.conn = new(fasthttp.RequestCtx), conn
	p.setTime()
	p.in = bufio.NewReaderSize(nil, max(bufferSize, 2*p.config.MaxHeader))
}

// bufferSize is how long a request may be that a loop answers, with its head.
const bufferSize = 32 << 10

// setTime sets the time of all requests until the next call to now, and returns it.
func (p *parser) setTime() time.Time {
	p.ctx.Init2(p.conn, silent{}, false)
	return p.ctx.Time()
}

// fill reads from r until there are n bytes.
func (p *parser) fill(r io.Reader, n int) error {
	p.in.Reset(r)
	_, err := p.in.Peek(n)
	return err
}

// unread returns what was read and not taken out of the reader. It is valid until the next read.
func (p *parser) unread() []byte {
	b, _ := p.in.Peek(p.in.Buffered()) // they are there
	return b
}

// isGood reports whether lines are the beginning of a good head. It completes them first:
// fasthttp's error for a head that is not complete costs a dozen allocations.
func (p *parser) isGood(lines []byte) bool {
	p.lines = append(p.lines[:0], lines...)
	if !hasHost(lines) {
		p.lines = append(p.lines, "Host: h\r\n"...)
	}
	p.lines = append(p.lines, "\r\n"...)
	p.whole.Reset(p.lines)
	p.line.Reset(&p.whole)
	return p.ctx.Request.Header.Read(p.line) == nil
}

// hasHost reports whether there is a Host among lines.
func hasHost(lines []byte) bool {
	for {
		eol := bytes.IndexByte(lines, '\n')
		if eol < 0 {
			return false
		}
		if lines = lines[eol+1:]; len(lines) >= len(hostName) &&
			bytes.EqualFold(lines[:len(hostName)], hostName) {
			return true
		}
	}
}

// parse reads the request at the beginning of data, whose head ends at end, into the context. It
// returns the request's length, which may be more than there is; 0 for one that is not plain. And
// it returns data, which may have moved.
func (p *parser) parse(data []byte, end int) ([]byte, int) {
	r := &p.ctx.Request
	h := &r.Header
	if end > p.config.MaxHeader || !isPlain(data[:end]) {
		return data, 0
	}
	if err := h.Read(p.in); err != nil {
		return p.unread(), 0
	}
	length := h.ContentLength()
	if p.in.Buffered() != len(data)-end ||
		length == -1 || length > p.config.MaxBody || end+length > p.in.Size() ||
		!h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" || h.ConnectionUpgrade() ||
		r.MayContinue() {
		return data, 0
	}
	if !p.takes(h.Host(), h.RequestURI()) {
		return data, 0
	}
	if length <= 0 {
		if r.ContinueReadBody(p.in, p.config.MaxBody, false) != nil {
			return data, 0
		}
		return data, end
	}
	size := end + length
	if size <= len(data) {
		r.SetBodyRaw(data[end:size:size])
		_, _ = p.in.Discard(length) // it is there
	}
	return data, size
}

// asked is what a request says about its connection.
type asked struct{ close, http10 bool }

// asked returns what the request says about its connection. The handler may change the request, so
// it must be called before.
func (p *parser) asked() asked {
	h := &p.ctx.Request.Header
	return asked{close: h.ConnectionClose(), http10: !h.IsHTTP11()}
}

// takes reports whether fasthttp takes the URI of a request. Where the target has the origin form
// only the host can be wrong, and the last good host is known.
func (p *parser) takes(host, target []byte) bool {
	if len(host) == 0 {
		return false
	}
	origin := target[0] == '/' && (len(target) == 1 || target[1] != '/')
	if origin && bytes.Equal(host, p.host) {
		return true
	}
	if !hasHostBytes(host) || p.uri.Parse(host, target) != nil {
		return false
	}
	if origin {
		p.host = append(p.host[:0], host...)
	}
	return true
}

var hostName = []byte("Host:")
