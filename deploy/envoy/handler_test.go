package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/valyala/fasthttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"videotoken/token"
)

// answering is an authorization whose answers are a handler's.
func answering(handler fasthttp.RequestHandler) *authorization {
	return &authorization{handler: handler, log: slog.New(slog.DiscardHandler),
		trusts: func(net.Addr) bool { return false }}
}

// TestHandlers: a 200 that does not say what to serve is a no, and so is a panic.
func TestHandlers(t *testing.T) {
	answer := func(headers ...string) fasthttp.RequestHandler {
		return func(c *fasthttp.RequestCtx) {
			for i := 0; i < len(headers); i += 2 {
				c.Response.Header.Set(headers[i], headers[i+1])
			}
		}
	}
	for name, c := range map[string]struct {
		handler fasthttp.RequestHandler
		status  int
	}{
		"what to serve":        {answer("X-Token-Path", "/films/a.mp4"), 200},
		"nothing":              {answer(), 403},
		"another header alone": {answer("X-Token-Would-Refuse", "expired"), 403},
		"no path":              {answer("X-Token-Path", "films/a.mp4"), 403},
		"a panic":              {func(*fasthttp.RequestCtx) { panic("of the test") }, 500},
	} {
		q := question("one", "GET", "/films/a.mp4", "203.0.113.7", nil)
		a, err := answering(c.handler).Check(context.Background(), q)
		status := http.StatusOK
		if d := a.GetDeniedResponse(); d != nil {
			status = int(d.GetStatus().GetCode())
		}
		if err != nil || status != c.status ||
			(status == http.StatusOK) != (a.GetStatus().GetCode() == int32(codes.OK)) {
			t.Errorf("%s: %v, %v; want %d", name, a, err, c.status)
		}
		if d := a.GetDeniedResponse(); d != nil && (len(d.Headers) != 1 ||
			d.Headers[0].GetHeader().GetValue() != "no-store") {
			t.Errorf("%s: could be kept: %v", name, d)
		}
	}
}

// TestReport: with enforce: false everything passes, and the origin gets no token.
func TestReport(t *testing.T) {
	one, _ := fresh(t, 1, token.Claims{})
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	text := strings.Replace(one, "{name: one,", "{name: one, enforce: false,", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPair(t, file, edgeNow, "unix")
	for path, serve := range map[string]string{
		"/films/a.mp4?x=1&a": "/films/a.mp4?x=1&a", "/films/a.mp4?x=1&token=old": "/films/a.mp4?x=1",
		"/~old/films/a.mp4": "/films/a.mp4",
	} {
		g := p.check(t, question("one", "GET", path, "203.0.113.7", nil))
		if g.status != 200 || g.headers[":path"] != serve || g.headers["x-token-would-refuse"] == "" {
			t.Errorf("%s: %v; want %s", path, g, serve)
		}
	}
}

// TestHang: a question that nobody answers does not keep the program from ending.
func TestHang(t *testing.T) {
	one, path := fresh(t, 1, token.Claims{})
	dir := t.TempDir()
	file := filepath.Join(dir, "videotoken.yaml")
	if err := os.WriteFile(file, []byte(one+"drain: 0s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	logged := &log{}
	logged.more = sync.NewCond(&logged.mu)
	b := &bridge{log: slog.New(slog.NewJSONHandler(logged, nil)), file: file}
	b.flags.Admin = "off"
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	asked, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	g := grpc.NewServer()
	auth.RegisterAuthorizationServer(g,
		answering(func(*fasthttp.RequestCtx) { close(asked); <-release }))
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = g.Serve(ln) }() // until it is stopped
	client := auth.NewAuthorizationClient(dial(t, "unix", ln.Addr().String()))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answered := make(chan error, 1)
	go func() {
		_, err := client.Check(ctx, question("one", "GET", path, "203.0.113.7", nil))
		answered <- err
	}()
	<-asked
	if err := b.drain(g, nil, time.Millisecond); err != nil {
		t.Error(err)
	}
	logged.await(t, `"msg":"connections were cut off"`)
	if err := <-answered; err == nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}
