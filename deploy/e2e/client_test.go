package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
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

// ask sends a request whose target, headers and body are not touched by a client library, and reads
// the answer. Host and Content-Length are added where header does not have them, or what stands in
// for them. A connection that is closed without an answer is status 0.
func ask(t *testing.T, addr, method, target, body string, header ...string) answer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(header, func(line string) bool {
			return strings.HasPrefix(line, name+":")
		})
	}
	lines := []string{method + " " + target + " HTTP/1.1", "Connection: close"}
	if !has("Host") {
		lines = append(lines, "Host: "+addr)
	}
	if body != "" && !has("Transfer-Encoding") {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	lines = append(lines, header...)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return answer{}
	}
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("reading the answer to %s: %v", target, err)
	}
	return answer{res.StatusCode, res.Header, content}
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s", a.status, a.header.Get("X-Token-Reason"))
}
