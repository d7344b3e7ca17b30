// Command bare answers every request with as many bytes as the service would, and does nothing
// else. Its cost is that of fasthttp itself, the minimum for any service built on it.
package main

import (
	"bytes"
	"flag"
	"log"

	"github.com/valyala/fasthttp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3002", "address")
	size := flag.Int("bytes", 393, "length of the answer")
	flag.Parse()
	body := bytes.Repeat([]byte("x"), *size)
	s := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("application/json")
		ctx.Response.Header.Set("Cache-Control", "private, max-age=21600")
		ctx.Response.SetBodyRaw(body)
	}}
	log.Fatal(s.ListenAndServe(*listen))
}
