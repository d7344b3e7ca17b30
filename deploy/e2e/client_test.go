package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is a response to a raw request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request whose target and headers are not touched by a client library, and reads the answer. A
// connection that is closed without one is status 0.
func ask(t *testing.T, addr, method, target string, header ...string) answer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + addr, "Connection: close"}, header...)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return answer{}
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("reading the answer to %s: %v", target, err)
	}
	return answer{res.StatusCode, res.Header, body}
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s", a.status, a.header.Get("X-Token-Reason"))
}
