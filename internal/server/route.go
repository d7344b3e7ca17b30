package server

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// route is what a path serves: one method, and OPTIONS; with GET also HEAD; with none, any.
type route struct {
	method string
	allow  string // the value of Allow
	cors   bool   // for browsers on other origins
	serve  func(*Server, *fasthttp.RequestCtx, *state)
}

var (
	videoToken = route{method: "POST", allow: "OPTIONS, POST", cors: true, serve: (*Server).signVideo}
	healthz    = route{method: "GET", allow: "GET, HEAD, OPTIONS", serve: (*Server).health}
	edges      = route{serve: (*Server).verify}
	asterisk   = route{method: "OPTIONS", allow: "GET, HEAD, OPTIONS, POST"} // the server as a whole: RFC 9110, section 9.3.7
)

func (s *Server) route(ctx *fasthttp.RequestCtx, c *state) {
	r := find(ctx)
	if r == nil {
		problem(ctx, fasthttp.StatusNotFound, "there is nothing here: the service is POST /video/token", "")
		return
	}
	if r.cors {
		c.cors.annotate(ctx)
	}
	switch method := ctx.Method(); {
	case r.method == "":
		r.serve(s, ctx, c)
	case string(method) == r.method && r.serve != nil:
		r.serve(s, ctx, c)
	case string(method) == fasthttp.MethodHead && r.method == fasthttp.MethodGet:
		r.serve(s, ctx, c) // fasthttp leaves the body out
	case string(method) == fasthttp.MethodOptions:
		ctx.Response.Header.Set(fasthttp.HeaderAllow, r.allow)
		if r.cors {
			c.cors.preflight(ctx, r.method)
		}
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	default:
		ctx.Response.Header.Set(fasthttp.HeaderAllow, r.allow)
		problem(ctx, fasthttp.StatusMethodNotAllowed, "the method is not served here: use "+r.method, "")
	}
}

// find is the route of a request, nil if there is none. Paths are compared as they came, so that one spelling only
// leads to each: no decoding, no dot segments, no doubled slashes.
func find(ctx *fasthttp.RequestCtx) *route {
	path := ctx.Request.Header.RequestURI()
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	if len(path) > 0 && path[0] != '/' && string(path) != "*" {
		// The absolute form, as for a proxy: RFC 9112, section 3.2.2.
		if scheme := ctx.URI().Scheme(); string(scheme) != "http" && string(scheme) != "https" {
			return nil
		}
		path = ctx.URI().PathOriginal()
	}
	if bytes.HasPrefix(path, verifyPrefix) {
		return &edges
	}
	switch string(path) {
	case "/video/token":
		return &videoToken
	case "/healthz":
		return &healthz
	case "*":
		return &asterisk
	}
	return nil
}

func (s *Server) health(ctx *fasthttp.RequestCtx, _ *state) {
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetBodyString("ok\n")
}
