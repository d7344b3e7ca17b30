package systemtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// request is a POST of the seed's document.
var request = fmt.Sprintf("POST /video/token HTTP/1.1\r\nHost: x\r\n"+
	"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(seed), seed)

// exchange sends a request over a connection and reads the answer.
func exchange(tb testing.TB, c net.Conn) *http.Response {
	tb.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		tb.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		tb.Fatal(err)
	}
	return res
}

func status(tb testing.TB, url string) int {
	tb.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestDrain: once the service is told to end, it is not ready on both of its ports, and answers
// whoever still comes, over old connections and new ones, each of which it closes. A second signal
// ends it at once, whatever is left of the time to drain.
func TestDrain(t *testing.T) {
	for _, transport := range []string{"auto", "fasthttp"} {
		t.Run(transport, func(t *testing.T) {
			p := start(t, "-transport", transport, "-config", configure(t, "drain: 1h"))
			old := connect(t, p.addr, 1)[0]
			if res := exchange(t, old); res.StatusCode != 200 || res.Close {
				t.Errorf("before: %d, close %v", res.StatusCode, res.Close)
			}
			ready := map[string]string{"service": "http://" + p.addr + "/readyz", "admin": "http://" +
				p.admin + "/readyz"}
			for name, url := range ready {
				if got := status(t, url); got != 200 {
					t.Errorf("before: /readyz of the %s: %d", name, got)
				}
			}
			p.signal(t, syscall.SIGTERM)
			p.await(t, "INFO draining")
			for name, url := range ready {
				if got := status(t, url); got != 503 {
					t.Errorf("draining: /readyz of the %s: %d", name, got)
				}
			}
			for name, c := range map[string]net.Conn{"old": old, "new": connect(t, p.addr, 1)[0],
				"another": connect(t, p.addr, 1)[0]} {
				if res := exchange(t, c); res.StatusCode != 200 || !res.Close {
					t.Errorf("draining, %s connection: %d, close %v", name, res.StatusCode, res.Close)
				}
				if n, err := c.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("draining, %s connection: read %d bytes, %v after the answer", name, n, err)
				}
			}
			if got := status(t, "http://"+p.addr+"/healthz"); got != 200 {
				t.Errorf("draining: /healthz: %d", got)
			}
			p.signal(t, syscall.SIGHUP) // does not count as the second signal
			p.await(t, hangup)
			postSeed(t, p.addr)
			p.signal(t, syscall.SIGINT)
			if got := p.wait(t); got != 1 || !slices.ContainsFunc(p.messages(), func(m string) bool {
				return strings.Contains(m, "ended by a second signal")
			}) {
				t.Errorf("exit status %d, %q", got, p.messages())
			}
		})
	}
}

// TestDrainEnds: after the time to drain the listeners close and the process ends by itself.
func TestDrainEnds(t *testing.T) {
	p := start(t, "-config", configure(t, "drain: 1s"))
	p.signal(t, syscall.SIGTERM)
	if got := p.wait(t); got != 0 {
		t.Errorf("exit status %d, %q", got, p.messages())
	}
	want := []string{"WARN configuration: " + noCallers, "INFO admin endpoints", "INFO serving",
		"INFO draining", "INFO shutting down", "INFO stopped"}
	if got := p.messages(); !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	if c, err := net.Dial("tcp", p.addr); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

// TestSecondSignal: a second signal does not wait for a request that never ends either.
func TestSecondSignal(t *testing.T) {
	p := start(t)
	c := connect(t, p.addr, 1)[0]
	if res := exchange(t, c); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	if _, err := io.WriteString(c, request[:len(request)/2]); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.await(t, "INFO shutting down")
	p.signal(t, syscall.SIGTERM)
	if got := p.wait(t); got != 1 {
		t.Errorf("exit status %d, %q", got, p.messages())
	}
}

const hangup = "INFO SIGHUP: reading the configuration again"

// TestHangup: SIGHUP does not end a demonstration, which has no configuration to read again.
func TestHangup(t *testing.T) {
	p := start(t)
	p.signal(t, syscall.SIGHUP)
	p.await(t, hangup)
	postSeed(t, p.addr)
	p.signal(t, syscall.SIGTERM)
	if got := p.wait(t); got != 0 {
		t.Errorf("exit status %d", got)
	}
}
