package server

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/token"
)

var (
	verifyPrefix = []byte("/verify/")

	headerPath    = []byte("X-Token-Path")
	headerExpires = []byte("X-Token-Expires")
	headerSession = []byte("X-Token-Session")
	headerReason  = []byte("X-Token-Reason")
	headerAuth    = []byte("Www-Authenticate")
	noStore       = []byte("no-store")
	authScheme    = []byte("videotoken")
)

// verifier answers /verify/FAMILY/CDN: docs/DESIGN.md, section 4. It is a part of one configuration, and immutable.
type verifier struct {
	cdns    []cdn.CDN
	proxies proxies
	leeway  int64
}

// verify answers an edge.
func (s *Server) verify(ctx *fasthttp.RequestCtx, c *state) {
	if !c.verifier.serve(ctx, s.now().Unix()) {
		problem(ctx, fasthttp.StatusNotFound, "there is no such CDN, or no such way to ask: docs/DESIGN.md, section 4", "")
	}
}

// serve answers one request, of any method. It reports false where there is no such family or CDN, and leaves the
// answer to the caller.
func (v *verifier) serve(ctx *fasthttp.RequestCtx, now int64) bool {
	h := &ctx.Request.Header
	// The target as it was sent: fasthttp's Path is decoded and has its dots and slashes cleaned away, and ext-authz
	// is about nothing but those.
	rest, ok := bytes.CutPrefix(h.RequestURI(), verifyPrefix)
	if !ok {
		return false
	}
	family, rest := splitAt(rest, '/')
	name, rest := splitBefore(rest)
	c := v.lookup(name)
	if c == nil {
		return false
	}
	said := listen(h)
	var uri once
	switch string(family) {
	case "auth-request":
		uri = said.originalURI
	case "forward-auth":
		uri = said.forwardedURI
	case "ext-authz":
		uri, rest = once{rest, 1}, nil
	default:
		return false
	}
	if len(rest) > 0 && rest[0] == '/' {
		return false
	}
	if uri.n != 1 || !cdn.IsTarget(uri.value) {
		deny(ctx, token.ErrPath)
		return true
	}
	client, ok := v.proxies.client(ctx.RemoteIP(), &said)
	if !ok {
		deny(ctx, token.ErrIP)
		return true
	}
	verified, err := c.Keys.Verify(token.Request{URI: uri.value, Now: now, Leeway: v.leeway, Client: client})
	if err != nil {
		reason, _ := err.(token.Error) // as Verify's errors are
		deny(ctx, reason)
		return true
	}
	accept(ctx, &verified)
	return true
}

func (v *verifier) lookup(name []byte) *cdn.CDN {
	for i := range v.cdns {
		if v.cdns[i].Name == string(name) {
			return &v.cdns[i]
		}
	}
	return nil
}

// once is a header that may be there once: of two, an edge could mean either.
type once struct {
	value []byte
	n     int // how often it is there
}

// headers are those of an edge's that are read anywhere here.
type headers struct{ originalURI, forwardedURI, realIP, forwardedFor once }

// listen finds the headers in one pass, in the spelling that fasthttp gives to any case of letters.
func listen(h *fasthttp.RequestHeader) (said headers) {
	for name, value := range h.All() {
		var o *once
		switch string(name) {
		case "X-Original-Uri":
			o = &said.originalURI
		case "X-Forwarded-Uri":
			o = &said.forwardedURI
		case "X-Real-Ip":
			o = &said.realIP
		case "X-Forwarded-For":
			o = &said.forwardedFor
		default:
			continue
		}
		o.value = value
		o.n++
	}
	return said
}

// buffers hold a path while it is copied into the response's headers.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func accept(ctx *fasthttp.RequestCtx, v *token.Verified) {
	h := &ctx.Response.Header
	buf := buffers.Get().(*[]byte)
	b := v.AppendURI((*buf)[:0])
	h.SetCanonical(headerPath, b)
	b = strconv.AppendUint(b[:0], uint64(v.Claims.Expiry), 10)
	h.SetCanonical(headerExpires, b)
	if v.Claims.HasSession {
		b = hex.AppendEncode(b[:0], v.Claims.Session[:])
		h.SetCanonical(headerSession, b)
	}
	*buf = b
	buffers.Put(buf)
}

func deny(ctx *fasthttp.RequestCtx, reason token.Error) {
	r := denials[reason]
	h := &ctx.Response.Header
	h.SetContentType(problemType)
	h.SetCanonical(headerReason, r.reason)
	h.SetCanonical(cacheControl, noStore)
	if r.status == fasthttp.StatusUnauthorized {
		h.SetCanonical(headerAuth, authScheme) // RFC 9110, section 15.5.2, wants a scheme
	}
	ctx.SetStatusCode(r.status)
	ctx.SetBody(r.body)
}

// denial is the answer of a reason, made once.
type denial struct {
	status       int
	reason, body []byte
}

var denials = map[token.Error]denial{}

func init() {
	for reason, detail := range map[token.Error]string{
		token.ErrMissing:    "the URL has no token: ask the video's page for a new URL",
		token.ErrAmbiguous:  "the URL has more than one token: use the URL as it was issued",
		token.ErrMalformed:  "the token is not one: use the URL as it was issued",
		token.ErrVersion:    "the token is of a version that is not known here",
		token.ErrUnknownKey: "the token was not signed for this CDN",
		token.ErrIP:         "the token is for another address, or the client's address is not known: the edge sends it in one X-Real-IP or X-Forwarded-For, from an address in trusted_proxies",
		token.ErrPath:       "the original URI is not an absolute path in canonical form, or was not sent once",
		token.ErrSignature:  "the token is not for this path or this client, or was changed: use the URL as it was issued",
		token.ErrExpired:    "the token has expired: ask the video's page for a new URL",
		token.ErrNotYet:     "the token is not good yet: try again later",
	} {
		status := fasthttp.StatusForbidden
		if reason == token.ErrMissing {
			status = fasthttp.StatusUnauthorized
		}
		denials[reason] = denial{status, []byte(reason), appendProblem(nil, status, detail, "")}
	}
}

// splitAt is bytes.Cut at one byte.
func splitAt(b []byte, sep byte) (before, after []byte) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// splitBefore splits a target before the first "/" or "?".
func splitBefore(b []byte) (before, after []byte) {
	for i, c := range b {
		if c == '/' || c == '?' {
			return b[:i], b[i:]
		}
	}
	return b, nil
}
