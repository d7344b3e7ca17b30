package load_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/bench/internal/load"
)

// raw serves with one function a connection, which is given each request's number.
func raw(t *testing.T, serve func(c net.Conn, n int) bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for n, r := 0, bufio.NewReader(c); ; n++ {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					if _, err := io.Copy(io.Discard, req.Body); err != nil || !serve(c, n) {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

const right = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"

// TestFailures has a server answer wrongly in every way, and wants the reason.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		serve  func(c net.Conn, n int) bool
		reason string
	}{
		"status": {func(c net.Conn, _ int) bool {
			return say(c, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
		}, "status 500"},
		"length": {func(c net.Conn, _ int) bool {
			return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}, "a body of 2 bytes where 5 are right"},
		"cut body": {func(c net.Conn, n int) bool {
			return n < 5 && say(c, right) || say(c, right[:len(right)-2]) && false
		}, "the server closed the connection before it answered"},
		"close": {func(c net.Conn, n int) bool {
			return n < 5 && say(c, right)
		}, "the server closed the connection before it answered"},
		"reset": {func(c net.Conn, n int) bool {
			return n < 5 && say(c, right) || reset(c)
		}, "connection reset by peer"},
		"garbage": {func(c net.Conn, _ int) bool { return say(c, "220 smtp\r\n\r\n") }, "not HTTP/1.1"},
		"unasked": {func(c net.Conn, _ int) bool {
			return say(c, right+right)
		}, "a response that nothing asked for"},
		"silence": {func(c net.Conn, n int) bool {
			return n < 5 && say(c, right) || n >= 5
		}, "no answer after 300ms"},
		"wrong one": {func(c net.Conn, n int) bool {
			return say(c, strings.Replace(right, "right", "wrong", 1))
		}, "not right"},
	} {
		t.Run(name, func(t *testing.T) {
			l := load.Load{Connections: 3, Duration: 200 * time.Millisecond, Timeout: 300 * time.Millisecond,
				Length: 5}
			l.Check = func(b []byte, _ time.Time) error {
				if string(b) != "right" {
					return errors.New("not right")
				}
				return nil
			}
			collect(t, raw(t, c.serve), l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
				lost := slices.ContainsFunc(samples, func(s load.Sample) bool {
					return s.Code == 0 && s.Done > s.Sent
				})
				if want := slices.Contains([]string{"cut body", "close", "reset", "silence"}, name); want &&
					!lost {
					t.Error("no sample of a request that was not answered")
				}
				for reason := range o.Failures {
					if strings.Contains(reason, c.reason) {
						return
					}
				}
				t.Errorf("failures %v, want %q", o.Failures, c.reason)
			})
		})
	}
}

func say(c net.Conn, text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

func reset(c net.Conn) bool {
	_ = c.(*net.TCPConn).SetLinger(0)
	return false
}
