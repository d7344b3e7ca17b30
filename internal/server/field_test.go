package server

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
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

// TestHeaderCookies: the cookies of a browser stay as they came, whatever else of its head is read.
// fasthttp would keep each of them by itself, which shows in what it allocates.
func TestHeaderCookies(t *testing.T) {
	proxy := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	trusted := proxies{networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, read := range map[string]func(*fasthttp.RequestHeader){
		"the origin":           func(h *fasthttp.RequestHeader) { requestOrigin(h) },
		"the request's id":     func(h *fasthttp.RequestHeader) { requestID(h) },
		"an API key":           func(h *fasthttp.RequestHeader) { credentials(h) },
		"the client's address": func(h *fasthttp.RequestHeader) { trusted.client(proxy, h) },
		"an edge's question": func(h *fasthttp.RequestHeader) {
			for _, f := range families {
				readField(h, f.header)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { testCookies(t, read) })
	}
}

func testCookies(t *testing.T, read func(*fasthttp.RequestHeader)) {
	t.Helper()
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
		read(heads[0])
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
