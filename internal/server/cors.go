package server

import (
	"slices"

	"github.com/valyala/fasthttp"
)

// cors is who may read answers from a browser: the CORS protocol of the Fetch standard.
type cors struct {
	every   bool
	origins []string
}

func newCORS(origins []string) cors {
	return cors{every: slices.Contains(origins, "*"), origins: origins}
}

// requestOrigin is the header Origin, nil without one. fasthttp's Peek would also find a field that comes after the
// body, which an edge may pass on from its client unseen.
func requestOrigin(h *fasthttp.RequestHeader) []byte {
	for name, value := range h.All() {
		if string(name) == fasthttp.HeaderOrigin {
			return value
		}
	}
	return nil
}

// annotate lets the request's origin read the answer, if it may. Answers that depend on the origin say so to caches.
func (c *cors) annotate(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	switch {
	case c.every:
		h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	case len(c.origins) > 0:
		h.Set(fasthttp.HeaderVary, fasthttp.HeaderOrigin)
		if origin := requestOrigin(&ctx.Request.Header); c.allows(origin) {
			h.SetBytesV(fasthttp.HeaderAccessControlAllowOrigin, origin)
		}
	}
}

func (c *cors) allows(origin []byte) bool {
	for _, o := range c.origins {
		if string(origin) == o {
			return true
		}
	}
	return false
}

// preflight answers what a browser asks before it sends a request that a form could not send.
func (c *cors) preflight(ctx *fasthttp.RequestCtx, method string) {
	if !c.every && !c.allows(requestOrigin(&ctx.Request.Header)) ||
		len(ctx.Request.Header.Peek(fasthttp.HeaderAccessControlRequestMethod)) == 0 {
		return
	}
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderAccessControlAllowMethods, method)
	h.Set(fasthttp.HeaderAccessControlAllowHeaders, "Content-Type")
	h.Set(fasthttp.HeaderAccessControlMaxAge, "86400")
}
