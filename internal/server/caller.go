package server

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
)

// bearer is the scheme of API keys (RFC 6750). Schemes match in any case.
const bearer = "Bearer "

// caller returns who asks, nil for anybody where there are no callers. It answers 401 and reports
// false for a request without a key, or with a key that is nobody's.
func (c *state) caller(ctx *fasthttp.RequestCtx) (*caller.Caller, bool) {
	if c.callers == nil {
		return nil, true
	}
	key, sent := credentials(&ctx.Request.Header)
	if by := c.callers.Find(key); by != nil {
		return by, true
	}
	c.refused[""].add(shardOf(ctx), 1)
	detail, challenge := "the API key is unknown: send one that is configured, as Authorization: "+
		"Bearer KEY", `Bearer realm="videotoken", error="invalid_token"`
	if !sent {
		detail, challenge = "an API key is needed: send it as Authorization: Bearer KEY",
			`Bearer realm="videotoken"`
	}
	problem(ctx, fasthttp.StatusUnauthorized, detail, "")
	ctx.Response.Header.Set(fasthttp.HeaderWWWAuthenticate, challenge)
	return nil, false
}

// credentials returns the key in the header Authorization, and whether there is such a header.
// There is no key in a header of another scheme, nor where there are two.
func credentials(h *fasthttp.RequestHeader) (key []byte, sent bool) {
	f := readField(h, fasthttp.HeaderAuthorization)
	if f.count != 1 {
		return nil, f.count > 0
	}
	return bearerKey(f.value), true
}

// bearerKey returns the key in a value of the header Authorization, nil for another scheme.
func bearerKey(value []byte) []byte {
	if len(value) < len(bearer) || !bytes.EqualFold(value[:len(bearer)], []byte(bearer)) {
		return nil
	}
	return value[len(bearer):]
}
