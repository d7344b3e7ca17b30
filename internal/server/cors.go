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

var originHeader = []byte(fasthttp.HeaderOrigin)

// annotate lets the request's origin read the answer, if it may. Answers that depend on the origin say so to caches.
func (c *cors) annotate(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	switch {
	case c.every:
		h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	case len(c.origins) > 0:
		h.Set(fasthttp.HeaderVary, fasthttp.HeaderOrigin)
		if origin := ctx.Request.Header.PeekBytes(originHeader); c.allows(origin) {
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
	if !c.every && !c.allows(ctx.Request.Header.PeekBytes(originHeader)) ||
		len(ctx.Request.Header.Peek(fasthttp.HeaderAccessControlRequestMethod)) == 0 {
		return
	}
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderAccessControlAllowMethods, method)
	h.Set(fasthttp.HeaderAccessControlAllowHeaders, "Content-Type")
	h.Set(fasthttp.HeaderAccessControlMaxAge, "86400")
}
