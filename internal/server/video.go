package server

import (
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
	"videotoken/internal/mediatype"
	"videotoken/internal/transport"
	"videotoken/internal/video"
)

var (
	cacheControl = []byte(fasthttp.HeaderCacheControl)
	jsonType     = []byte("application/json")
)

// signVideo is POST /video/token.
func (s *Server) signVideo(ctx *fasthttp.RequestCtx, c *state) {
	if !isJSON(ctx) {
		return
	}
	by, ok := c.caller(ctx)
	if !ok {
		return
	}
	// The answer is written into the response's own buffer, which is empty and may have room from
	// an earlier answer.
	dst := ctx.Response.SwapBody(nil)[:0]
	before, _ := transport.Waited(ctx).(*video.Pending)
	answer, err := c.signer.Answer(dst, video.Question{Caller: by, Body: ctx.Request.Body(), Now: s.now().Unix(), Before: before})
	ctx.Response.SwapBody(answer.Body)
	if err != nil {
		s.refuseVideo(ctx, c, by, err)
		return
	}
	for _, cookie := range answer.Cookies {
		ctx.Response.Header.Add(fasthttp.HeaderSetCookie, cookie)
	}
	answerTokens(ctx, answer.MaxAge)
}

// answerTokens sets the headers of an answer whose tokens are good for maxAge seconds.
func answerTokens(ctx *fasthttp.RequestCtx, maxAge int64) {
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	var value [len("private, max-age=") + 20]byte
	ctx.Response.Header.SetCanonical(cacheControl, strconv.AppendInt(append(value[:0], "private, max-age="...), maxAge, 10))
}

// isJSON reports whether the body is JSON as it stands. It answers 415 if it is not.
func isJSON(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	if !mediatype.Is(h.ContentType(), "application/json") {
		refuseMedia(ctx, "the body must be JSON: send it with Content-Type: application/json")
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

func (s *Server) refuseVideo(ctx *fasthttp.RequestCtx, c *state, by *caller.Caller, err error) {
	var forbidden video.Forbidden
	if errors.As(err, &forbidden) {
		if by != nil {
			c.refused[by.Name].Inc()
		}
		problem(ctx, fasthttp.StatusForbidden, forbidden.Reason.Detail, forbidden.Reason.Pointer)
		return
	}
	var pending *video.Pending
	if errors.As(err, &pending) {
		s.wait(ctx, pending)
		return
	}
	if errors.Is(err, video.ErrBusy) {
		refuseBusy(ctx)
		return
	}
	if errors.Is(err, video.ErrNotLoaded) {
		refuseUnloaded(ctx)
		return
	}
	var e *video.Error
	if errors.As(err, &e) {
		problem(ctx, fasthttp.StatusBadRequest, e.Detail, e.Pointer)
		return
	}
	s.log.Error("signing failed", "error", err)
	problem(ctx, fasthttp.StatusInternalServerError, "the request could not be served", "")
}

// wait has a request wait for its signatures, which workers make: docs/DESIGN.md, section 4.
func (s *Server) wait(ctx *fasthttp.RequestCtx, pending *video.Pending) {
	ctx.SetStatusCode(fasthttp.StatusAccepted) // this answer is dropped: a status that is not counted
	transport.Wait(ctx, pending, pending.Start)
}

// refuseUnloaded answers that nobody knows yet which sessions are over.
func refuseUnloaded(ctx *fasthttp.RequestCtx) {
	problem(ctx, fasthttp.StatusServiceUnavailable, "it is not known yet which sessions are revoked: try again in a few seconds", "")
	ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "5")
}

// refuseBusy answers that too many signatures are to be made.
func refuseBusy(ctx *fasthttp.RequestCtx) {
	problem(ctx, fasthttp.StatusServiceUnavailable, "too many new signatures are to be made at once: try again in a second", "")
	ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "1")
}
