package server

import (
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
	"videotoken/internal/mediatype"
	"videotoken/internal/revoked"
	"videotoken/internal/transport"
	"videotoken/internal/video"
)

var (
	cacheControl = []byte(fasthttp.HeaderCacheControl)
	jsonType     = []byte("application/json")
)

// signVideo is POST /video/token.
func (s *Server) signVideo(ctx *fasthttp.RequestCtx, c *state) (o outcome) {
	if !isJSON(ctx) {
		return o
	}
	by, ok := c.caller(ctx)
	if !ok {
		return o
	}
	if by != nil {
		o.caller = by.Name
	}
	// The answer is written into the response's own buffer, which is empty and may have room from
	// an earlier answer.
	dst := ctx.Response.SwapBody(nil)[:0]
	q := video.Question{Caller: by, Body: ctx.Request.Body(), Now: s.seconds(ctx),
		Shard: int(shardOf(ctx))}
	if before, ok := transport.Waited(ctx).(*attempt); ok {
		q.Before, o.began = before.pending, before.began
	}
	answer, err := c.signer.Answer(dst, q)
	ctx.Response.SwapBody(answer.Body)
	if err != nil {
		o.waits = s.refuseVideo(ctx, c, by, err, o.began)
		return o
	}
	o.cdn = answer.CDN.Name
	for _, cookie := range answer.Cookies {
		ctx.Response.Header.Add(fasthttp.HeaderSetCookie, cookie)
	}
	answerTokens(ctx, answer.MaxAge)
	return o
}

// attempt is a request that waits for its signatures, and when it began.
type attempt struct {
	pending *video.Pending
	began   time.Time
}

// answerTokens sets the headers of an answer whose tokens are good for maxAge seconds.
func answerTokens(ctx *fasthttp.RequestCtx, maxAge int64) {
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	var value [len("private, max-age=") + 20]byte
	ctx.Response.Header.SetCanonical(cacheControl,
		strconv.AppendInt(append(value[:0], "private, max-age="...), maxAge, 10))
}

// isJSON reports whether the body is JSON as it stands. It answers 415 if it is not.
func isJSON(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	if !mediatype.Is(h.ContentType(), "application/json") {
		refuseMedia(ctx, detailJSON)
		return false
	}
	if coding := h.ContentEncoding(); len(coding) > 0 && !mediatype.Is(coding, "identity") {
		refuseMedia(ctx, "the body must not be compressed: send it without Content-Encoding")
		return false
	}
	return true
}

// refuseMedia answers 415, with what the service takes instead: RFC 9110, section 15.5.16.
func refuseMedia(ctx *fasthttp.RequestCtx, detail string) {
	problem(ctx, fasthttp.StatusUnsupportedMediaType, detail, "")
	ctx.Response.Header.Set(fasthttp.HeaderAccept, "application/json")
	ctx.Response.Header.Set(fasthttp.HeaderAcceptEncoding, "identity")
}

// refuseVideo answers an error. It reports whether the request waits instead, for its signatures.
func (s *Server) refuseVideo(ctx *fasthttp.RequestCtx, c *state, by *caller.Caller, err error,
	began time.Time) (waits bool) {
	var forbidden video.Forbidden
	var pending *video.Pending
	switch {
	case errors.As(err, &forbidden):
		if by != nil {
			c.refused[by.Name].add(shardOf(ctx), 1)
		}
		problem(ctx, fasthttp.StatusForbidden, forbidden.Reason.Detail, forbidden.Reason.Pointer)
	case errors.As(err, &pending):
		wait(ctx, pending, began)
		return true
	case errors.Is(err, video.ErrBusy):
		refuseBusy(ctx)
	default:
		s.refuseBody(ctx, err, "signing failed")
	}
	return false
}

// refuseBody answers an error that every request with URLs may have. An error that is not known
// here is logged by the name of what failed.
func (s *Server) refuseBody(ctx *fasthttp.RequestCtx, err error, failed string) {
	var e *video.Error
	switch {
	case errors.Is(err, revoked.ErrNotLoaded):
		refuseUnloaded(ctx)
	case errors.As(err, &e):
		problem(ctx, fasthttp.StatusBadRequest, e.Detail, e.Pointer)
	default:
		s.log.Error(failed, "error", err)
		problem(ctx, fasthttp.StatusInternalServerError, detailFailed, "")
	}
}

// wait has a request wait for its signatures, which workers make: docs/DESIGN.md, section 4.
func wait(ctx *fasthttp.RequestCtx, pending *video.Pending, began time.Time) {
	if began.IsZero() {
		began = ctx.Time()
	}
	transport.Wait(ctx, &attempt{pending, began}, pending.Start)
}

// refuseUnloaded answers that it is not known yet which sessions are revoked.
func refuseUnloaded(ctx *fasthttp.RequestCtx) {
	problem(ctx, fasthttp.StatusServiceUnavailable, detailNotLoaded, "")
	retryAfter(ctx, "5")
}

// refuseBusy answers that too many signatures are to be made.
func refuseBusy(ctx *fasthttp.RequestCtx) {
	problem(ctx, fasthttp.StatusServiceUnavailable,
		"too many new signatures are to be made at once: try again in a second", "")
	retryAfter(ctx, "1")
}

// retryAfter says in how many seconds a request may be sent again, to pages of other origins, too.
func retryAfter(ctx *fasthttp.RequestCtx, seconds string) {
	ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, seconds)
	ctx.Response.Header.Set(fasthttp.HeaderAccessControlExposeHeaders, fasthttp.HeaderRetryAfter)
}
