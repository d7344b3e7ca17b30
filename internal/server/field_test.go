package server

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestOnlyHeader: a header that stands there once, and no other.
func TestOnlyHeader(t *testing.T) {
	for lines, want := range map[string]string{
		"Origin: a": "a", "origin: a": "a", "Cookie: Origin=b\r\nOrigin: a": "a", "": "",
		"Origins: a": "", "Origin: a\r\nOrigin: a": "",
		"Origin: a\r\nTrailer: Origin": "a", "Trailer: Origin\r\nOrigin: a": "a", "Trailer: Origin": "",
	} {
		if got := onlyHeader(requestHead(t, lines), fasthttp.HeaderOrigin); string(got) != want {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
}

// TestOnlyHeaderCookies: the cookies of a browser stay as they came. fasthttp would keep each of
// them by itself, which shows in what it allocates.
func TestOnlyHeaderCookies(t *testing.T) {
	var cookies []string
	for i := range 40 {
		cookies = append(cookies, fmt.Sprintf("site_%02d=%064x", i, i))
	}
	heads := make([]*fasthttp.RequestHeader, 0, 101)
	for range cap(heads) { // AllocsPerRun has a run before those that it counts
		heads = append(heads,
			requestHead(t, "Cookie: "+strings.Join(cookies, "; ")+"\r\nOrigin: https://player.example"))
	}
	n := testing.AllocsPerRun(100, func() {
		onlyHeader(heads[0], fasthttp.HeaderOrigin)
		heads = heads[1:]
	})
	if n >= float64(len(cookies)) {
		t.Errorf("%v allocations for a head with %d cookies", n, len(cookies))
	}
}

// requestHead is the head of a request with these lines.
func requestHead(t *testing.T, lines string) *fasthttp.RequestHeader {
	t.Helper()
	var h fasthttp.RequestHeader
	text := strings.TrimSuffix("GET / HTTP/1.1\r\nHost: h\r\n"+lines, "\r\n") + "\r\n\r\n"
	if err := h.Read(bufio.NewReader(strings.NewReader(text))); err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	return &h
}
