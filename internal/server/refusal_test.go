package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/token"
)

// TestRefuse shows that an error is never an acceptance, whatever it is.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		reason string
	}{
		{token.ErrMissing, 401, "missing"},
		{token.ErrSignature, 403, "signature"},
		{token.ErrRevoked, 403, "revoked"},
		{fmt.Errorf("wrapped: %w", token.ErrExpired), 403, "expired"},
		{token.Error("of a later version"), 403, "unknown"},
		{token.Error(""), 403, "unknown"},
		{errors.New("not a token's error"), 403, "unknown"},
	} {
		var ctx fasthttp.RequestCtx
		refuse(&ctx, refusalOf(c.err))
		h := &ctx.Response.Header
		if got := ctx.Response.StatusCode(); got != c.status ||
			string(h.Peek("X-Token-Reason")) != c.reason || string(h.Peek("Cache-Control")) != "no-store" {
			t.Errorf("%v: %d, %s", c.err, got, h)
		}
		var problem struct{ Status int }
		if err := json.Unmarshal(ctx.Response.Body(), &problem); err != nil ||
			problem.Status != c.status {
			t.Errorf("%v: %s", c.err, ctx.Response.Body())
		}
	}
}
