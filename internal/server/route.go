package server

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"videotoken/internal/uri"
)

// route is what a path serves: one method, and OPTIONS; with GET also HEAD; every method but
// CONNECT if it names none.
type route struct {
	id     routeID
	method string
	allow  string // the value of Allow
	cors   bool   // for browsers on other origins
	serve  func(*Server, *fasthttp.RequestCtx, *state) outcome
}

// routeID is a route in the metrics.
type routeID int

const (
	noRoute    routeID = iota // a request that could not be read, or was over a limit
	otherRoute                // a path that is not served
	tokenRoute
	renewRoute
	verifyRoute
	healthRoute
	readyRoute
	asteriskRoute
)

// routeNames are the names of the routes, by their ids.
var routeNames = [...]string{"none", "other", "/video/token", "/video/renew", "/verify", "/healthz",
	"/readyz", "*"}

// allowAny is the Allow of the server as a whole (RFC 9110, section 9.3.7).
const allowAny = "GET, HEAD, OPTIONS, POST"

var (
	videoToken = route{id: tokenRoute, method: "POST", allow: "OPTIONS, POST", cors: true,
		serve: (*Server).signVideo}
	videoRenew = route{id: renewRoute, method: "POST", allow: "OPTIONS, POST", cors: true,
		serve: (*Server).renewVideo}
	healthz = route{id: healthRoute, method: "GET", allow: "GET, HEAD, OPTIONS",
		serve: (*Server).health}
	readyz = route{id: readyRoute, method: "GET", allow: "GET, HEAD, OPTIONS",
		serve: (*Server).ready}
	edges    = route{id: verifyRoute, serve: (*Server).verify}
	asterisk = route{id: asteriskRoute, method: "OPTIONS", allow: allowAny}
)

// route has the handler of a request's route answer it.
func (s *Server) route(ctx *fasthttp.RequestCtx, c *state) (id routeID, o outcome) {
	if string(ctx.Method()) == fasthttp.MethodConnect {
		refuseMethod(ctx, allowAny, "this service is no tunnel: use another method than CONNECT")
		return otherRoute, o
	}
	r := find(&ctx.Request.Header)
	if r == nil {
		problem(ctx, fasthttp.StatusNotFound,
			"there is nothing here: the service is POST /video/token and POST /video/renew", "")
		return otherRoute, o
	}
	if r.cors {
		c.cors.annotate(ctx)
	}
	switch method := ctx.Method(); {
	case r.method == "":
		o = r.serve(s, ctx, c)
	case string(method) == r.method && r.serve != nil:
		o = r.serve(s, ctx, c)
	case string(method) == fasthttp.MethodHead && r.method == fasthttp.MethodGet:
		o = r.serve(s, ctx, c) // fasthttp leaves the body out
	case string(method) == fasthttp.MethodOptions:
		ctx.Response.Header.Set(fasthttp.HeaderAllow, r.allow)
		if r.cors {
			c.cors.preflight(ctx, r.method)
		}
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	default:
		refuseMethod(ctx, r.allow, detailMethod+r.method)
	}
	return r.id, o
}

func refuseMethod(ctx *fasthttp.RequestCtx, allow, detail string) {
	problem(ctx, fasthttp.StatusMethodNotAllowed, detail, "")
	ctx.Response.Header.Set(fasthttp.HeaderAllow, allow)
}

// find returns the route of a request, nil if there is none. Paths are compared as they came, so
// that one spelling alone leads to each: no decoding, no dot segments, no doubled slashes.
func find(h *fasthttp.RequestHeader) *route {
	path, _ := uri.Cut(uri.Target(h.RequestURI()), '?')
	if bytes.HasPrefix(path, verifyPrefix) {
		return &edges
	}
	switch string(path) {
	case "/video/token":
		return &videoToken
	case "/video/renew":
		return &videoRenew
	case "/healthz":
		return &healthz
	case "/readyz":
		return &readyz
	case "*":
		return &asterisk
	}
	return nil
}

// ready answers whether new requests should come here: not once the server drains.
func (s *Server) ready(ctx *fasthttp.RequestCtx, c *state) (o outcome) {
	if s.unready() != "" { // why is the admin's business
		problem(ctx, fasthttp.StatusServiceUnavailable,
			"the service is about to end, or did not begin: ask another instance", "")
		return o
	}
	return s.health(ctx, c)
}

// health answers that the process serves requests.
func (s *Server) health(ctx *fasthttp.RequestCtx, _ *state) (o outcome) {
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetBodyString("ok\n")
	return o
}
