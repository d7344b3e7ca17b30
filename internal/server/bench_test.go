package server

import (
	"bytes"
	"testing"

	"github.com/valyala/fasthttp"
)

// BenchmarkHandler is the whole handler on the seed's request; Bare beside it is the yardstick, a
// handler that answers with as many fixed bytes.
func BenchmarkHandler(b *testing.B) {
	s, _ := newServer(settings(b))
	body := bytes.Repeat([]byte("x"), 456)
	for name, h := range map[string]fasthttp.RequestHandler{
		"Seed": s.Handler,
		"Bare": func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("application/json")
			ctx.Response.Header.Set("Cache-Control", "private, max-age=21600")
			ctx.Response.SetBodyRaw(body)
		},
	} {
		b.Run(name, func(b *testing.B) {
			var ctx fasthttp.RequestCtx
			ctx.Init(newRequest([]byte(seed)), nil, nil)
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				h(&ctx)
			}
		})
	}
}
