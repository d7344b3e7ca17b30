package server

import (
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// CORS says which pages may read answers from a browser (the CORS protocol of the Fetch standard).
type CORS struct {
	// Origins are exact ("https://player.example"), "*" for every origin, "null", or have a
	// wildcard for one label ("https://*.example"). With Credentials, only exact ones count.
	Origins     []string
	Headers     []string // that a page may send besides Content-Type
	Credentials bool     // a page may send cookies and client certificates
	MaxAge      int64    // seconds for which a browser may keep the answer to a preflight
}

// cors is a [CORS] made ready for requests.
type cors struct {
	every       bool
	exact       []string
	wildcards   []wildcard
	credentials bool
	headers     string // the value of Access-Control-Allow-Headers
	maxAge      string // the value of Access-Control-Max-Age
}

// wildcard matches an origin with one label between prefix and suffix: "https://" and ".example".
type wildcard struct{ prefix, suffix string }

// newCORS leaves out what credentials must not be combined with: a site that anybody can register,
// or a sandboxed frame on any page, could act with the visitor's cookies.
func newCORS(c CORS) cors {
	out := cors{
		credentials: c.Credentials,
		headers:     strings.Join(append([]string{fasthttp.HeaderContentType}, c.Headers...), ", "),
		maxAge:      strconv.FormatInt(c.MaxAge, 10),
	}
	for _, o := range c.Origins {
		prefix, suffix, isWildcard := strings.Cut(o, "*")
		switch {
		case c.Credentials && (isWildcard || o == "null"):
		case o == "*":
			out.every = true
		case isWildcard:
			out.wildcards = append(out.wildcards, wildcard{prefix, suffix})
		default:
			out.exact = append(out.exact, o)
		}
	}
	return out
}

// dependsOnOrigin reports whether answers differ from origin to origin.
func (c *cors) dependsOnOrigin() bool {
	return !c.every && len(c.exact)+len(c.wildcards) > 0
}

var (
	originHeader        = []byte(fasthttp.HeaderOrigin)
	varyHeader          = []byte(fasthttp.HeaderVary)
	allowOriginHeader   = []byte(fasthttp.HeaderAccessControlAllowOrigin)
	allowCredentials    = []byte(fasthttp.HeaderAccessControlAllowCredentials)
	everyOrigin, isTrue = []byte("*"), []byte("true")
)

// requestOrigin returns the header Origin, nil without one and with several, of which a cache or an
// edge may have read another.
func requestOrigin(h *fasthttp.RequestHeader) []byte { return onlyHeader(h, fasthttp.HeaderOrigin) }

// annotate lets the request's origin read the answer, if it may. An answer that depends on the
// origin says so to caches, also where the request has no origin.
func (c *cors) annotate(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	if c.every {
		h.SetCanonical(allowOriginHeader, everyOrigin)
		return
	}
	if !c.dependsOnOrigin() {
		return
	}
	h.SetCanonical(varyHeader, originHeader)
	if origin := requestOrigin(&ctx.Request.Header); c.allows(origin) {
		h.SetCanonical(allowOriginHeader, origin)
		if c.credentials {
			h.SetCanonical(allowCredentials, isTrue)
		}
	}
}

// allows reports whether an origin may read answers.
func (c *cors) allows(origin []byte) bool {
	if c.every || slices.ContainsFunc(c.exact, func(o string) bool { return string(origin) == o }) {
		return true
	}
	return slices.ContainsFunc(c.wildcards, func(w wildcard) bool { return w.matches(origin) })
}

// matches reports whether the origin has one label in the place of the wildcard: letters, digits,
// "-" and "_".
func (w wildcard) matches(origin []byte) bool {
	if len(origin) <= len(w.prefix)+len(w.suffix) || string(origin[:len(w.prefix)]) != w.prefix ||
		string(origin[len(origin)-len(w.suffix):]) != w.suffix {
		return false
	}
	for _, c := range origin[len(w.prefix) : len(origin)-len(w.suffix)] {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// preflight answers what a browser asks before it sends a request that a form could not send.
// annotate has named the origin. Without an origin that may ask, or a method, the answer grants
// nothing.
func (c *cors) preflight(ctx *fasthttp.RequestCtx, method string) {
	h := &ctx.Response.Header
	const asked = fasthttp.HeaderAccessControlRequestMethod + ", " +
		fasthttp.HeaderAccessControlRequestHeaders
	switch {
	case c.every:
		h.Set(fasthttp.HeaderVary, asked)
	case c.dependsOnOrigin():
		h.Set(fasthttp.HeaderVary, fasthttp.HeaderOrigin+", "+asked)
	}
	request := &ctx.Request.Header
	if !c.allows(requestOrigin(request)) ||
		len(request.Peek(fasthttp.HeaderAccessControlRequestMethod)) == 0 {
		return
	}
	h.Set(fasthttp.HeaderAccessControlAllowMethods, method)
	h.Set(fasthttp.HeaderAccessControlAllowHeaders, c.headers)
	h.Set(fasthttp.HeaderAccessControlMaxAge, c.maxAge)
}
