package server

import (
	"bufio"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// BenchmarkVerify asks over a connection that is kept. The yardstick is fasthttp alone, which
// answers 200 with as many bytes of headers. Both have the same client, whose cost is a part of
// each; "xbare" is the ratio of the CPU times of both together with it, measured turn by turn.
func BenchmarkVerify(b *testing.B) {
	_, addr := edgeServer(b, edgeNow, edgeSettings(b))
	request := "GET /verify/auth-request/one HTTP/1.1\r\nHost: videotoken\r\nX-Original-URI: " +
		edgeExact + "\r\nX-Real-IP: 203.0.113.7\r\n\r\n"
	verify := edgeConn(b, addr)
	answer := verify.ask(b, request, 0)
	bare := edgeConn(b, bareServer(b, answer))
	if n := len(bare.ask(b, request, 0)); n != len(answer) {
		b.Fatalf("the yardstick answers %d bytes, not %d", n, len(answer))
	}
	const turn = 200
	var cpu [2]time.Duration
	for b.Loop() {
		for i, c := range []*edgeClient{verify, bare} {
			start := cpuTime(b)
			for range turn {
				c.ask(b, request, len(answer))
			}
			cpu[i] += cpuTime(b) - start
		}
	}
	b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "xbare")
	b.ReportMetric(float64(cpu[0].Nanoseconds())/float64(b.N)/turn, "cpu-ns/verify")
	b.ReportMetric(0, "ns/op") // it would be the time of a turn of each
}

// BenchmarkRenew is the whole handler of a renewal; Verify beside it is the yardstick, an edge's
// question for the same URL.
func BenchmarkRenew(b *testing.B) {
	s, url, _ := renewingServer(b, nil)
	verify := new(fasthttp.Request)
	verify.SetRequestURI("/verify/auth-request/one")
	verify.Header.Set("X-Original-URI", strings.TrimPrefix(url, "https://one.example"))
	for name, r := range map[string]*fasthttp.Request{"Renew": renewalRequest(`{"url":"` + url + `"}`),
		"Verify": verify} {
		b.Run(name, func(b *testing.B) {
			var ctx fasthttp.RequestCtx
			ctx.Init(r, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				s.Handler(&ctx)
			}
			if ctx.Response.StatusCode() != 200 {
				b.Fatal(ctx.Response.StatusCode())
			}
		})
	}
}

// bareServer answers with the bytes of a sample, its headers one by one.
func bareServer(b *testing.B, sample string) string {
	head, _, _ := strings.Cut(sample, "\r\n\r\n")
	type field struct{ name, value string }
	var fields []field
	for _, line := range strings.Split(head, "\r\n")[1:] {
		if name, value, _ := strings.Cut(line, ": "); name != "Date" && name != "Content-Length" {
			fields = append(fields, field{name, value})
		}
	}
	s := &fasthttp.Server{NoDefaultServerHeader: true, NoDefaultContentType: true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			for _, f := range fields {
				ctx.Response.Header.Set(f.name, f.value)
			}
		}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(ln)
	b.Cleanup(func() { _ = s.Shutdown() })
	return ln.Addr().String()
}

// edgeClient is a connection that an edge keeps.
type edgeClient struct {
	net.Conn
	r   *bufio.Reader
	buf []byte
}

func edgeConn(b *testing.B, addr string) *edgeClient {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return &edgeClient{c, bufio.NewReader(c), make([]byte, 4096)}
}

// ask sends a request and reads an answer of size bytes; with 0, the answer up to the end of its
// head.
func (c *edgeClient) ask(b *testing.B, request string, size int) (answer string) {
	if _, err := io.WriteString(c, request); err != nil {
		b.Fatal(err)
	}
	if size > 0 {
		if _, err := io.ReadFull(c.r, c.buf[:size]); err != nil {
			b.Fatal(err)
		}
		return ""
	}
	for !strings.HasSuffix(answer, "\r\n\r\n") {
		line, err := c.r.ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		answer += line
	}
	return answer
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
