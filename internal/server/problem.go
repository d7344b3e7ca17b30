package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/goccy/go-json/jsontext"
	"github.com/valyala/fasthttp"

	"videotoken/internal/revoked"
	"videotoken/internal/transport"
)

const problemType = "application/problem+json"

// The details of errors that more than one route answers with.
const (
	detailJSON   = "the body must be JSON: send it with Content-Type: application/json"
	detailMethod = "the method is not served here: use "
	detailFailed = "the request could not be served"
	tryAgain     = ": try again in a few seconds"
)

var detailNotLoaded = revoked.ErrNotLoaded.Error() + tryAgain

func detailSize(most int) string { return "the body must be " + size(most) + " at most" }

// problem answers with an error (RFC 9457). detail says what to change, and pointer, if it is not
// empty, is the JSON pointer of the offending value in the request's body.
func problem(ctx *fasthttp.RequestCtx, status int, detail, pointer string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType(problemType)
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetBody(appendProblem(nil, status, detail, pointer))
}

// maxPointer bounds how much of a request a pointer may repeat.
const maxPointer = 512

func appendProblem(dst []byte, status int, detail, pointer string) []byte {
	dst = append(dst, `{"title":`...)
	title := fasthttp.StatusMessage(status)
	if status == fasthttp.StatusRequestEntityTooLarge {
		title = "Content Too Large" // its name since RFC 9110
	}
	dst = appendString(dst, title)
	dst = append(dst, `,"status":`...)
	dst = fasthttp.AppendUint(dst, status)
	dst = append(dst, `,"detail":`...)
	dst = appendString(dst, detail)
	if pointer != "" && len(pointer) <= maxPointer {
		dst = append(dst, `,"pointer":`...)
		dst = appendString(dst, pointer)
	}
	return append(dst, "}\n"...)
}

// appendString appends a JSON string. What is not UTF-8 in it becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(s, "\uFFFD")) // valid UTF-8 cannot fail
	return dst
}

// refuse answers a request that could not be read. The connection closes after the answer.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		problem(ctx, fasthttp.StatusRequestHeaderFieldsTooLarge,
			"the request line and headers must be 16 KiB at most", "")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		s.state.Load().cors.annotate(ctx)
		problem(ctx, fasthttp.StatusRequestEntityTooLarge, detailSize(s.maxBody), "")
	case errors.As(err, &timeout) && timeout.Timeout():
		problem(ctx, fasthttp.StatusRequestTimeout,
			"the request took too long to arrive: send it within 10 seconds", "")
	case errors.Is(err, transport.ErrVersion):
		problem(ctx, fasthttp.StatusHTTPVersionNotSupported,
			"the HTTP version is not served here: use HTTP/1.1", "")
	case errors.Is(err, transport.ErrCoding):
		problem(ctx, fasthttp.StatusNotImplemented,
			"the only Transfer-Encoding served here is chunked", "")
	default:
		problem(ctx, fasthttp.StatusBadRequest, "the request is not valid HTTP/1.1 (RFC 9112)", "")
	}
	if !disconnected(err) {
		transport.Linger(ctx)
		s.metrics.count(shardOf(ctx), noRoute, ctx.Response.StatusCode())
	}
}

// disconnected reports whether err means that the peer closed the connection within a request, and
// that nobody reads an answer.
func disconnected(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// answerPanic answers a request whose handler panicked. It is to be deferred.
func (s *Server) answerPanic(ctx *fasthttp.RequestCtx) {
	cause := recover()
	if cause == nil {
		return
	}
	s.metrics.panics.Inc()
	s.log.Error("a request panicked", "cause", cause, "stack", string(debug.Stack()))
	ctx.Response.Reset()
	problem(ctx, fasthttp.StatusInternalServerError, detailFailed, "")
	route := otherRoute
	if r := find(&ctx.Request.Header); r != nil {
		route = r.id
	}
	s.metrics.count(shardOf(ctx), route, fasthttp.StatusInternalServerError)
}

// busy is the whole answer to a connection or a request over a limit.
func busy(what string) []byte {
	body := appendProblem(nil, fasthttp.StatusServiceUnavailable, what+tryAgain, "")
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n" +
		"Cache-Control: no-store\r\n")
	b.WriteString("Content-Type: " + problemType + "\r\nContent-Length: ")
	b.Write(fasthttp.AppendUint(nil, len(body)))
	b.WriteString("\r\n\r\n")
	b.Write(body)
	return b.Bytes()
}

// size is a number of bytes for people: in KiB where it is a whole number of them.
func size(bytes int) string {
	if bytes%1024 == 0 {
		return strconv.Itoa(bytes/1024) + " KiB"
	}
	return strconv.Itoa(bytes) + " bytes"
}
