package server

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"

	"videotoken/internal/video"
)

var (
	cacheControl = []byte(fasthttp.HeaderCacheControl)
	jsonType     = []byte("application/json")
)

// signVideo is POST /video/token.
func (s *Server) signVideo(ctx *fasthttp.RequestCtx, c *running) {
	if !isJSON(ctx.Request.Header.ContentType()) {
		problem(ctx, fasthttp.StatusUnsupportedMediaType, "the body must be JSON: send it with Content-Type: application/json", "")
		return
	}
	// The answer is written into the response's own buffer, which is empty and may have room from an earlier answer.
	dst := ctx.Response.SwapBody(nil)[:0]
	out, maxAge, err := c.signer.Append(dst, ctx.Request.Body(), s.now().Unix())
	ctx.Response.SwapBody(out)
	if err != nil {
		s.refuseVideo(ctx, err)
		return
	}
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	var value [len("private, max-age=") + 20]byte
	ctx.Response.Header.SetCanonical(cacheControl, strconv.AppendInt(append(value[:0], "private, max-age="...), maxAge, 10))
}

func (s *Server) refuseVideo(ctx *fasthttp.RequestCtx, err error) {
	var e *video.Error
	switch coding := ctx.Request.Header.ContentEncoding(); {
	case len(coding) > 0 && !bytes.EqualFold(coding, []byte("identity")):
		problem(ctx, fasthttp.StatusUnsupportedMediaType, "the body must not be compressed: send it without Content-Encoding", "")
	case errors.As(err, &e):
		problem(ctx, fasthttp.StatusBadRequest, e.Detail, e.Pointer)
	default:
		s.log.Error("signing failed", "error", err)
		problem(ctx, fasthttp.StatusInternalServerError, "the request could not be served", "")
	}
}

// isJSON reports whether a media type is application/json, in any case, with or without parameters.
func isJSON(contentType []byte) bool {
	if i := bytes.IndexByte(contentType, ';'); i >= 0 {
		contentType = bytes.TrimRight(contentType[:i], " \t")
	}
	return bytes.EqualFold(contentType, jsonType)
}
