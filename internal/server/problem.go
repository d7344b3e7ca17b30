package server

import (
	"bytes"
	"errors"
	"net"
	"runtime/debug"
	"strings"

	"github.com/goccy/go-json/jsontext"
	"github.com/valyala/fasthttp"
)

const problemType = "application/problem+json"

// problem answers with an error (RFC 9457). detail says what to change, and pointer, if it is not empty, is the JSON
// pointer of the offending value in the request's body.
func problem(ctx *fasthttp.RequestCtx, status int, detail, pointer string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType(problemType)
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetBody(appendProblem(nil, status, detail, pointer))
}

func appendProblem(dst []byte, status int, detail, pointer string) []byte {
	dst = append(dst, `{"title":`...)
	dst = appendString(dst, fasthttp.StatusMessage(status))
	dst = append(dst, `,"status":`...)
	dst = fasthttp.AppendUint(dst, status)
	dst = append(dst, `,"detail":`...)
	dst = appendString(dst, detail)
	if pointer != "" {
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

// refuse answers what fasthttp could not read as a request. The connection closes behind it.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	linger(ctx)
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		problem(ctx, fasthttp.StatusRequestHeaderFieldsTooLarge, "the request line and headers must be 16 KiB at most", "")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		problem(ctx, fasthttp.StatusRequestEntityTooLarge, "the body must be 64 KiB at most", "")
	case errors.As(err, &timeout) && timeout.Timeout():
		problem(ctx, fasthttp.StatusRequestTimeout, "the request took too long to arrive: send it within 10 seconds", "")
	default:
		problem(ctx, fasthttp.StatusBadRequest, "the request is not valid HTTP/1.1 (RFC 9112)", "")
	}
	s.metrics.count(ctx.Response.StatusCode())
}

// expect decides on `Expect: 100-continue`: a body that will be too large need not be sent.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	if ctx.Request.Header.ContentLength() > MaxBody {
		s.refuse(ctx, fasthttp.ErrBodyTooLarge)
		return fasthttp.StatusRequestEntityTooLarge
	}
	return fasthttp.StatusContinue
}

// recover answers a request whose handler panicked.
func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	cause := recover()
	if cause == nil {
		return
	}
	s.metrics.panics.Inc()
	s.log.Error("a request panicked", "cause", cause, "stack", string(debug.Stack()))
	ctx.Response.Reset()
	problem(ctx, fasthttp.StatusInternalServerError, "the request could not be served", "")
	s.metrics.count(fasthttp.StatusInternalServerError)
}

// busy is the whole answer to a connection over the limit.
var busy = func() []byte {
	body := appendProblem(nil, fasthttp.StatusServiceUnavailable, "too many connections: try again in a few seconds", "")
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nCache-Control: no-store\r\n")
	b.WriteString("Content-Type: " + problemType + "\r\nContent-Length: ")
	b.Write(fasthttp.AppendUint(nil, len(body)))
	b.WriteString("\r\n\r\n")
	b.Write(body)
	return b.Bytes()
}()
