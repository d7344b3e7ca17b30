package server

import (
	"errors"

	"github.com/valyala/fasthttp"

	"videotoken/internal/revoked"
	"videotoken/internal/video"
	"videotoken/token"
)

// renewVideo is POST /video/renew: docs/DESIGN.md, section 5.
func (s *Server) renewVideo(ctx *fasthttp.RequestCtx, c *state) (o outcome) {
	if !isJSON(ctx) {
		return o
	}
	h := &ctx.Request.Header
	client, ok := c.verifier.proxies.client(ctx.RemoteAddr(), h)
	if !ok {
		s.refuseRenewal(ctx, token.ErrIP, "")
		return o
	}
	dst := ctx.Response.SwapBody(nil)[:0] // the response's own buffer, as in signVideo
	answer, err := c.signer.Renew(dst,
		video.Renewal{Body: ctx.Request.Body(), Now: s.seconds(ctx), Client: client})
	ctx.Response.SwapBody(answer.Body)
	if err == nil {
		s.metrics.renewed[accepted].add(shardOf(ctx), 1)
		answerTokens(ctx, answer.MaxAge)
		o.cdn = answer.CDN.Name
		return o
	}
	var refused *video.Refused
	if errors.As(err, &refused) {
		s.refuseRenewal(ctx, refused.Reason, refused.Pointer)
		return o
	}
	if errors.Is(err, revoked.ErrNotLoaded) {
		s.metrics.renewed[string(errNotLoaded)].add(shardOf(ctx), 1)
	}
	s.refuseBody(ctx, err, "renewing failed")
	return o
}

// renewalDetails say what to do about a refusal where it is not what an edge's client is told.
var renewalDetails = map[token.Error]string{
	token.ErrPath: "must be a signed URL as it was issued, which begins with the URL of " +
		"a CDN of this service",
	token.ErrExpired: "expired too long ago to be renewed: ask the video's page for a new URL",
	video.ErrNotRenewable: "cannot be renewed: its token has no renewal, or the time for it is " +
		"over; ask the video's page for a new URL",
}

// refuseRenewal answers 403 with the reason, in a header that a page may read. A reason that is not
// known here is called unknown, as /verify does.
func (s *Server) refuseRenewal(ctx *fasthttp.RequestCtx, reason token.Error, pointer string) {
	r := refusalOf(reason)
	if detail, ok := renewalDetails[reason]; ok {
		r.reason, r.detail = string(reason), detail
	}
	s.metrics.renewed[r.reason].add(shardOf(ctx), 1)
	problem(ctx, fasthttp.StatusForbidden, r.detail, pointer)
	ctx.Response.Header.SetCanonical(headerReason, []byte(r.reason))
	ctx.Response.Header.SetBytesV(fasthttp.HeaderAccessControlExposeHeaders, headerReason)
}
