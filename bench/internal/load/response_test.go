package load

import (
	"errors"
	"strings"
	"testing"
)

var responses = []struct {
	name, in string
	code     int
	body     string
	closes   bool
	err      error
}{
	{name: "length", in: "HTTP/1.1 200 OK\r\nDate: x\r\ncOnTent-length:  5 \r\n\r\nhello", code: 200,
		body: "hello"},
	{name: "no reason", in: "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", code: 500},
	{name: "close", in: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi",
		code: 200, body: "hi", closes: true},
	{name: "no content", in: "HTTP/1.1 204 No Content\r\n\r\n", code: 204},
	{name: "chunks", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n" +
		"1\r\n!\r\n0\r\n\r\n", code: 200,
		body: "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"},
	{name: "not HTTP", in: "SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", err: errResponse},
	{name: "short", in: "\r\n\r\n", err: errResponse},
	{name: "letters for a status", in: "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		err: errResponse},
	{name: "bad length", in: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", err: errResponse},
	{name: "bad chunk", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		err: errResponse},
	{name: "no framing", in: "HTTP/1.1 200 OK\r\n\r\nhello", err: errResponse},
	{name: "large", in: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", err: errLarge},
}

func TestParse(t *testing.T) {
	for _, c := range responses {
		t.Run(c.name, func(t *testing.T) {
			r, need, err := parse([]byte(c.in + "HTTP/1.1"))
			if !errors.Is(err, c.err) || err == nil && need > 0 {
				t.Fatalf("error %v, need %d, want %v", err, need, c.err)
			}
			if err != nil {
				return
			}
			if r.code != c.code || string(r.body) != c.body || r.closes != c.closes || r.size != len(c.in) {
				t.Errorf("%d %q, closes %v, %d bytes of %d", r.code, r.body, r.closes, r.size, len(c.in))
			}
			for n := range c.in { // cut anywhere, it asks for more, never for less than there must be
				_, need, err := parse([]byte(c.in[:n]))
				if err != nil || need <= n || need > len(c.in) {
					t.Fatalf("%q: need %d, error %v", c.in[:n], need, err)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range responses {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, need, err := parse(b)
		if err == nil && need == 0 && (r.size <= 0 || r.size > len(b) || len(r.body) > r.size) {
			t.Errorf("%d bytes taken of %d", r.size, len(b))
		}
		if err == nil && need != 0 && need <= len(b) {
			t.Errorf("needs %d and has %d", need, len(b))
		}
	})
}

func TestParseAllocates(t *testing.T) {
	b := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: application/json\r\n" +
		"Content-Length: 456\r\n\r\n" + strings.Repeat("x", 456))
	if n := testing.AllocsPerRun(1000, func() {
		if _, need, err := parse(b); need != 0 || err != nil {
			t.Fatal(need, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
