package transport_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// echo answers with all it sees of a request, in the way that the request's path asks for. It
// leaves traces where it can, in its context and in the request: the next request's answer would
// show them.
func echo(ctx *fasthttp.RequestCtx) {
	// What a request asks about itself first may be all that the transport's own look at it has
	// left to be done.
	path, argument, _ := strings.Cut(strings.TrimPrefix(string(ctx.Path()), "/"), "/")
	seen := view(ctx)
	ctx.SetUserValue("trace", string(ctx.RequestURI()))
	r, h := &ctx.Response, &ctx.Response.Header
	h.SetContentType("text/plain")
	switch path {
	case "head": // answers with a head alone
	case "type":
		h.SetContentType(argument)
		r.SetBodyString(seen)
	case "status":
		status, _ := strconv.Atoi(argument)
		r.SetStatusCode(status)
		r.SetBodyString(seen)
	case "error":
		ctx.Error(seen, fasthttp.StatusTeapot)
	case "redirect":
		ctx.Redirect("elsewhere", fasthttp.StatusFound)
	case "notmodified":
		ctx.NotModified()
	case "close":
		r.SetBodyString(seen)
		r.SetConnectionClose()
	case "connection":
		r.SetBodyString(seen)
		h.Set(fasthttp.HeaderConnection, argument)
	case "closerequest": // too late, says fasthttp
		r.SetBodyString(seen)
		ctx.Request.SetConnectionClose()
	case "headers":
		r.SetBodyString(seen)
		h.DisableNormalizing()
		h.Set("x-lower", "1")
		h.SetServer("echo")
		h.Add("X-Twice", "1")
		h.Add("X-Twice", "2")
		var c fasthttp.Cookie
		c.SetKey("k")
		c.SetValue("v")
		h.SetCookie(&c)
	case "raw":
		r.SetBodyRaw([]byte(seen))
	case "skip":
		r.SetBodyString(seen)
		r.SkipBody = true
	case "stream":
		r.SetBodyStream(strings.NewReader(seen), -1)
	case "writer":
		r.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString(seen) })
	case "sized":
		r.ImmediateHeaderFlush = true
		r.SetBodyStream(strings.NewReader(seen), len(seen))
	case "short": // a stream that ends before its length
		r.SetBodyStream(strings.NewReader(seen), len(seen)+10)
	case "broken":
		r.SetBodyStream(io.MultiReader(strings.NewReader(seen), failing{}), -1)
	case "trailer":
		_ = h.SetTrailer("X-Sum")
		r.SetBodyStream(strings.NewReader(seen), -1)
		h.Set("X-Sum", "1")
	case "large":
		n, _ := strconv.Atoi(argument)
		r.SetBodyString(strings.Repeat("0123456789abcdef", n/16) + seen)
	case "timeout":
		ctx.TimeoutError("late: " + seen)
	case "timeoutcode":
		ctx.TimeoutErrorWithCode("late: "+seen, fasthttp.StatusGatewayTimeout)
	case "timeoutclose":
		var late fasthttp.Response
		late.SetBodyString("late: " + seen)
		late.SetConnectionClose()
		ctx.TimeoutErrorWithResponse(&late)
	case "mutate":
		r.SetBodyString(seen)
		ctx.Request.Header.Set("X-Trace", "1")
		ctx.Request.Header.DisableNormalizing()
		ctx.Request.Header.SetMethod("TRACE")
		ctx.Request.SetRequestURI("/trace")
		ctx.Request.SetBodyString("trace")
	case "overwrite": // what a handler may do with what it is lent
		r.SetBodyString(seen)
		for _, b := range [][]byte{ctx.Request.Body(), ctx.Request.Header.RequestURI(),
			ctx.Request.Header.Host()} {
			for i := range b {
				b[i] = '!'
			}
		}
	default:
		r.SetBodyString(seen)
	}
}

// view is what a request looks like to a handler.
func view(ctx *fasthttp.RequestCtx) string {
	var b bytes.Buffer
	h := &ctx.Request.Header
	fmt.Fprintf(&b, "%s %s %s\n", h.Method(), h.RequestURI(), h.Protocol())
	fmt.Fprintf(&b, "uri %q host %q query %q\n", ctx.URI().FullURI(), ctx.Host(), ctx.QueryArgs())
	fmt.Fprintf(&b, "raw %q\n", h.RawHeaders())
	for k, v := range h.All() {
		fmt.Fprintf(&b, "%s: %s\n", k, v)
	}
	for k := range h.Trailers() {
		fmt.Fprintf(&b, "trailer %s: %s\n", k, h.PeekBytes(k))
	}
	fmt.Fprintf(&b, "length %d type %q close %v upgrade %v get %v\n",
		h.ContentLength(), h.ContentType(), h.ConnectionClose(), h.ConnectionUpgrade(), ctx.IsGet())
	ctx.VisitUserValuesAll(func(k, v any) { fmt.Fprintf(&b, "trace %v=%v\n", k, v) })
	if body := ctx.Request.Body(); len(body) > 256 {
		fmt.Fprintf(&b, "body %d bytes, %08x\n", len(body), crc32.ChecksumIEEE(body))
	} else {
		fmt.Fprintf(&b, "body %q\n", body)
	}
	fmt.Fprintf(&b, "form %q\n", ctx.PostArgs())
	return b.String()
}

// failing is a reader that fails.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the source broke") }

// refuse answers what is not a request, by the kinds of errors that the service tells apart.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		ctx.Error("head too large", fasthttp.StatusRequestHeaderFieldsTooLarge)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		ctx.Error("body too large", fasthttp.StatusRequestEntityTooLarge)
	case errors.As(err, &timeout) && timeout.Timeout():
		ctx.Error("too late", fasthttp.StatusRequestTimeout)
	case errors.Is(err, transport.ErrVersion):
		ctx.Error("version", fasthttp.StatusHTTPVersionNotSupported)
	case errors.Is(err, transport.ErrCoding):
		ctx.Error("coding", fasthttp.StatusNotImplemented)
	default:
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
	}
	transport.Linger(ctx)
}
