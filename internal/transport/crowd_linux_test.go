package transport_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/transport"
)

// crowdSize is how many connections there are at a time; each is served several lives of one.
const crowdSize = 10_000

// crowdAddr is the variable by which the test, as a process of its own, is told to be the crowd:
// 10,000 connections need 20,000 descriptors, which is as many as many machines allow one process,
// and then some.
const crowdAddr = "VIDEOTOKEN_TEST_CROWD"

// TestCrowd: 10,000 connections come, ask in every way, stall, and leave in random order and in
// every way. Each checks that its answers are its own. In the end nothing is left of them.
func TestCrowd(t *testing.T) {
	if addr := os.Getenv(crowdAddr); addr != "" {
		crowd(t, addr)
		return
	}
	var limit syscall.Rlimit // which Go has raised to the most there is
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil ||
		limit.Max < crowdSize+1000 {
		t.Fatalf("the limit of open files is %d (ulimit -Hn), %v: the test needs %d", limit.Max, err,
			crowdSize+1000)
	}
	for name, loops := range map[string]int{"loops": 2, "one loop": 1, "unix": 2} {
		t.Run(name, func(t *testing.T) {
			// What fasthttp and the runtime start once stays.
			warm := run(t, config(loops))
			warm.dial(t).send(raw("GET / HTTP/1.0", "")).last(200, "GET /")
			warm.end(t)
			goroutines, descriptors := countGoroutines(), openDescriptors(t)

			c := config(loops)
			var s *testServer
			c.Handler = func(ctx *fasthttp.RequestCtx) {
				ctx.SetContentType("text/plain")
				if string(ctx.Path()) == "/open" {
					ctx.SetBodyString(strconv.Itoa(s.Len()))
					return
				}
				b := append(append(ctx.Response.Body(), ctx.RequestURI()...), ' ')
				ctx.Response.SetBody(append(b, ctx.Request.Body()...))
			}
			c.ErrorHandler = func(ctx *fasthttp.RequestCtx, _ error) {
				ctx.Error("bad", fasthttp.StatusBadRequest)
				transport.Linger(ctx)
			}
			ready := make(chan struct{})
			ln := listenAny(t)
			s = &testServer{transport.New(c), ln, make(chan error, 1)}
			go func() { close(ready); s.served <- s.Serve(ln) }()
			<-ready
			child := exec.Command(os.Args[0], "-test.run=^TestCrowd$", "-test.timeout=5m")
			child.Env = append(os.Environ(), crowdAddr+"="+ln.Addr().String())
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("the crowd: %v\n%s", err, out)
			}
			s.await(t, 0)
			if err := s.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			s.ended(t)
			// There may be fewer than before: those of other tests end, too.
			await(t, "goroutines", goroutines, func() int { return max(goroutines, countGoroutines()) })
			await(t, "descriptors", descriptors, func() int { return max(descriptors, openDescriptors(t)) })
		})
	}
}

// countGoroutines leaves out those that sleep for up to ten seconds before they see that their
// worker pool is gone.
func countGoroutines() int {
	stacks := make([]byte, 16<<20)
	n := 0
	for g := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if !strings.Contains(g, "fasthttp.(*workerPool).Start.func") {
			n++
		}
	}
	return n
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all) - 1 // one is that of the directory
}

// wanted is the answer to a request with a URI and a body, as far as its date.
func wanted(uri, body string) string {
	return answerOf("HTTP/1.1 200 OK", uri+" "+body)
}

func answerOf(status, body string, lines ...string) string {
	return status + "\r\nDate\r\nContent-Type: text/plain\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n" + body
}

const badAnswer = "HTTP/1.1 400 Bad Request\r\nDate\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad"

// askOpen asks how many connections are open.
func askOpen(addr string) (n int, err error) {
	c, err := dialString(addr)
	if err != nil {
		return 0, err
	}
	defer c.Close() //nolint:errcheck // nothing depends on it
	if _, err := fmt.Fprint(c, get("/open", "Connection: close")); err != nil {
		return 0, err
	}
	a := readAll(nil, c)
	_, body, _ := strings.Cut(a.text, "\r\n\r\n")
	n, err = strconv.Atoi(body)
	return n, err
}
