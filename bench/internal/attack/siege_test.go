package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"
)

// TestSiege checks what a server sees of a client of each manner, and that the client comes again
// when its connection is closed.
func TestSiege(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	answered := func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n") }
	for _, manner := range []struct {
		name Manner
		more string // what comes after the request
		ends bool   // the client closes
	}{{Drip, "xxx", false}, {Sip, request + request, false}, {Idle, "", false}, {Churn, "", true}} {
		t.Run(string(manner.name), func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			line, err := json.Marshal(Flood{URL: "http://" + l.Addr().String(), Request: []byte(request),
				Connections: 1, Manner: manner.name})
			if err != nil {
				t.Fatal(err)
			}
			in, stop := io.Pipe()
			var out bytes.Buffer
			ended := make(chan error, 1)
			go func() {
				ended <- ServeFlood(t.Context(), io.MultiReader(bytes.NewReader(append(line, '\n')), in), &out)
			}()
			for i := range 3 {
				c, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				if manner.ends && i == 1 { // which only connects
					if n, _ := io.Copy(io.Discard, c); n != 0 {
						t.Errorf("%d bytes on a connection without a request", n)
					}
					continue
				}
				got := make([]byte, len(request+manner.more))
				if _, err := io.ReadFull(c, got); err != nil || string(got) != request+manner.more {
					t.Errorf("got %q, %v", got, err)
				}
				answered(c)
				_ = c.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, c) // until the client closes, too
				_ = c.Close()
			}
			_ = stop.Close()
			err = <-ended
			var done Flooded
			if lines := bytes.Split(out.Bytes(), []byte("\n")); err != nil || string(lines[0]) != "ready" ||
				json.Unmarshal(lines[1], &done) != nil || done.Answers < 2 {
				t.Errorf("%v, %+v, %s", err, done, &out)
			}
		})
	}
	if _, err := besiege(t.Context(), Flood{Manner: "no such", Connections: 1}, "", nil); err == nil {
		t.Error("no error for a manner that there is not")
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := besiege(ctx, Flood{Manner: Idle, Connections: 2}, l.Addr().String(), func() {
		t.Error("ready")
	}); err == nil {
		t.Error("no error where nothing listens")
	}
}
