package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/transport"
	"videotoken/internal/video"
	"videotoken/token"
)

const (
	seed = `{"video":{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","title":"Big Buck Bunny","sources":[{"src":"/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4","size":1080,"type":"video/mp4"},{"src":"/Big_Buck_Bunny_720p_surround_FrostWire.com.mp4","size":720,"type":"video/mp4"}]}}`
	now  = 1_999_990_000
)

// vectorKeys are the keys of the token's vectors.
func vectorKeys(tb testing.TB) (seven, eight *token.Key) {
	tb.Helper()
	key := func(id uint16, text string) *token.Key {
		secret, err := token.ParseSecret(text)
		if err != nil {
			tb.Fatal(err)
		}
		k, err := token.NewKey(id, secret)
		if err != nil {
			tb.Fatal(err)
		}
		return k
	}
	return key(7, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
		key(8, "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8")
}

// settings are two CDNs in turn, and one origin.
func settings(tb testing.TB) Settings {
	tb.Helper()
	seven, eight := vectorKeys(tb)
	return settingsFor(tb,
		cdn.CDN{Name: "aws-1", URL: "https://d111.cloudfront.net", Weight: 1, Keys: token.Keys{seven}},
		cdn.CDN{Name: "aws-2", URL: "https://d222.cloudfront.net", Weight: 1, Keys: token.Keys{eight}})
}

func settingsFor(tb testing.TB, cdns ...cdn.CDN) Settings {
	tb.Helper()
	set, err := cdn.New(cdn.RoundRobin, cdns)
	if err != nil {
		tb.Fatal(err)
	}
	return Settings{
		Signer: &video.Signer{CDNs: set, TTL: 6 * 3600, MaxTTL: 24 * 3600, Round: 300},
		Leeway: 10,
		CORS:   CORS{Origins: []string{"https://player.example"}, MaxAge: 86400},
	}
}

// logs collects what a server logs.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newServer(c Settings) (*Server, *logs) {
	return newLimited(c, transport.Config{})
}

// newLimited makes a server with other limits than the service's.
func newLimited(c Settings, t transport.Config) (*Server, *logs) {
	l := &logs{}
	c.Requests = l
	return newWithin(t, c, slog.New(slog.NewTextHandler(l, nil)), func() time.Time {
		return time.Unix(now, 0)
	}), l
}

// start serves on a free loopback port until the test ends, and returns the address.
func start(tb testing.TB, s *Server) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	startOn(tb, s, ln)
	return ln.Addr().String()
}

// startOn serves a listener until the test ends.
func startOn(tb testing.TB, s *Server, ln net.Listener) {
	tb.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		if err := <-served; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
}

func dial(tb testing.TB, addr string) net.Conn {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		tb.Fatal(err)
	}
	return c
}

// noDeadline takes a deadline away.
var noDeadline time.Time

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// exchange writes a raw request and reads the response to it. method is the request's, for what
// depends on it.
func exchange(tb testing.TB, c net.Conn, raw, method string) answer {
	tb.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		tb.Fatal(err)
	}
	return read(tb, bufio.NewReader(c), method)
}

func read(tb testing.TB, r *bufio.Reader, method string) answer {
	tb.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		tb.Fatalf("no response: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{res, string(body)}
}

// post is a raw POST /video/token.
func post(body string, headers ...string) string {
	return "POST /video/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
		strings.Join(append(headers, ""), "\r\n") +
		"Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// checkProblem demands an RFC 9457 problem with the status and a part of its detail.
func checkProblem(tb testing.TB, a answer, status int, detail, pointer string) {
	tb.Helper()
	var p struct {
		Title, Detail, Pointer string
		Status                 int
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || a.StatusCode != status || p.Status != status ||
		p.Title == "" ||
		!strings.Contains(p.Detail, detail) || p.Pointer != pointer ||
		a.Header.Get("Content-Type") != "application/problem+json" ||
		a.Header.Get("Cache-Control") != "no-store" {
		tb.Errorf("got %d %v %s (%v); want %d, %q, %q", a.StatusCode, a.Header, a.body, err, status,
			detail, pointer)
	}
}
