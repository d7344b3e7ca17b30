package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// bodies are documents of every kind, good and bad.
func bodies() map[string][]byte {
	return map[string][]byte{
		"seed":    []byte(seed),
		"sparse":  []byte(`{"video":{"sources":[{"src":"/a"}]}}`),
		"escapes": []byte(`{"video":{"\u0069d":"\/","sources":[{"src":"\/hls\/b\/c.m3u8","type":"application\/x-mpegurl"}]}}`),
		"options": []byte(`{"token":{"ttl":60,"ip":"203.0.113.7","session":"00112233aabbccdd"},"video":{"videoId":"1","sources":[{"src":"/a"}]}}`),
		"bad":     []byte(`{"video":{"sources":[{"src":"relative"}]}}`),
		"cut":     []byte(seed[:100]),
	}
}

// newRequest is a request for a handler that is called without a connection.
func newRequest(body []byte) *fasthttp.Request {
	var r fasthttp.Request
	r.Header.SetMethod("POST")
	r.SetRequestURI("/video/token")
	r.Header.SetContentType("application/json")
	r.Header.Set("Origin", "https://player.example")
	r.SetBody(body)
	return &r
}

// TestBufferReuse overwrites the request's buffers right after the handler returned: the answer
// must not change, for it may not refer to the request. The race detector watches, too.
func TestBufferReuse(t *testing.T) {
	s, _ := newServer(settings(t))
	var ctx fasthttp.RequestCtx
	for range 100 {
		for name, body := range bodies() {
			ctx.Init(newRequest(body), nil, nil)
			ctx.Response.Reset()
			s.Handler(&ctx)
			show := func() string {
				return withoutDate(ctx.Response.Header.String() + string(ctx.Response.Body()))
			}
			before := strings.Clone(show())
			for _, b := range [][]byte{ctx.Request.Body(), ctx.Request.Header.RequestURI(),
				ctx.Request.Header.Peek("Origin"), ctx.Request.Header.ContentType()} {
				if len(b) == 0 {
					t.Fatal("nothing to overwrite")
				}
				for i := range b {
					b[i] = '!'
				}
			}
			if after := show(); after != before {
				t.Fatalf("%s: the answer changed with the request's buffers:\n%s\n%s", name, before, after)
			}
		}
	}
}

// TestMillionRequests sends a million requests that alternate full and sparse documents, good and
// bad ones, over shared connections. With one CDN and a clock that stands still an answer is a
// function of its request alone, so that each must be the very bytes of the same request's answer
// on a fresh server.
func TestMillionRequests(t *testing.T) {
	const connections, depth = 8, 50
	seven, _ := vectorKeys(t)
	one := func() Settings {
		return settingsFor(t,
			cdn.CDN{Name: "aws-1", URL: "https://d111.cloudfront.net", Weight: 1, Keys: token.Keys{seven}})
	}
	var raw, want []string
	for i := range 40 {
		var sources []string
		for j := range 1 + i*i%7 {
			sources = append(sources,
				fmt.Sprintf(`{"src":"/%s/film-%d-%d.mp4","size":%d}`, strings.Repeat("d", i), i, j, j))
		}
		body := fmt.Sprintf(`{"video":{"title":"%s","sources":[%s]}}`,
			strings.Repeat(string(rune('A'+i%26)), i*i), strings.Join(sources, ","))
		raw = append(raw, post(body), post(fmt.Sprintf(`{"video":{"sources":[{"src":"/%d"}]}}`, i)))
	}
	for _, body := range bodies() {
		raw = append(raw, post(string(body)))
	}
	for _, r := range raw {
		s, _ := newServer(one())
		want = append(want, rawAnswer(t, start(t, s), r))
	}
	s, _ := newServer(one())
	addr := start(t, s)
	var wg sync.WaitGroup
	for c := range connections {
		conn := dial(t, addr)
		_ = conn.SetDeadline(noDeadline)
		wg.Go(func() {
			r := bufio.NewReaderSize(conn, 1<<16)
			var batch bytes.Buffer
			var got []byte
			for first := c; first < requests; first += connections * depth {
				batch.Reset()
				for i := range depth {
					batch.WriteString(raw[(first+i*7)%len(raw)])
				}
				go func(b []byte) { _, _ = conn.Write(b) }(bytes.Clone(batch.Bytes()))
				for i := range depth {
					expected := want[(first+i*7)%len(raw)]
					got = append(got[:0], expected...)
					if _, err := io.ReadFull(r, got); err != nil ||
						withoutDate(string(got)) != withoutDate(expected) {
						t.Errorf("request %d: %v\n%s\nwant\n%s", first+i, err, got, expected)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// rawAnswer is the bytes of the answer to a raw request.
func rawAnswer(t *testing.T, addr, request string) string {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	read(t, bufio.NewReader(io.TeeReader(c, &b)), "POST")
	return b.String()
}

// withoutDate is a response with its Date, which has a fixed length, left out.
func withoutDate(response string) string {
	before, after, _ := strings.Cut(response, "Date: ")
	return before + after[min(len(after), len("Mon, 02 Jan 2006 15:04:05 GMT")):]
}
