package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// The tokens are of token/testdata/vectors.json, and so are the keys and the time.
const (
	edgeNow     = 1999990000
	edgeFilm    = "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4"
	edgeExact   = edgeFilm + "?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc"
	edgeBelow   = "/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/seg-1.ts"
	edgeBound   = edgeFilm + "?token=EAIAB3c1lAAgYhM_PUmTOVo1v-kmIh5pdg" // for 203.0.113.7
	edgeBound6  = edgeFilm + "?token=EAIAB3c1lABhgxkicOxxDzFfaZsyf4GqTA" // for 2001:db8::/64
	edgeSession = edgeFilm + "?token=EAQAB3c1lAAAESIzqrvM3f0HGpFMB7G6jxrjhH6dbsY"
)

// edgeSettings are two CDNs with a key each, and proxies that are trusted.
func edgeSettings(t testing.TB) Settings {
	t.Helper()
	seven, eight := vectorKeys(t)
	c := settingsFor(t,
		cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1, Keys: token.Keys{seven}},
		cdn.CDN{Name: "two", URL: "https://two.example", Weight: 1, Keys: token.Keys{eight}})
	for _, p := range []string{"127.0.0.1/32", "10.0.0.0/8", "fd00::/8"} {
		c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
	}
	return c
}

// edgeServer serves the settings on a free port.
func edgeServer(t testing.TB, now int64, c Settings) (s *Server, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return edgeServe(t, now, c, ln), ln.Addr().String()
}

// edgeServe serves the settings on a listener until the test ends.
func edgeServe(t testing.TB, now int64, c Settings, ln net.Listener) *Server {
	t.Helper()
	s := New(c, slog.New(slog.DiscardHandler), func() time.Time { return time.Unix(now, 0) })
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	// a Shutdown before Serve has begun would wait for ever
	edgeAsk(t, ln.Addr().String(), "GET", "/healthz")
	return s
}

// edgeAsk sends a request byte for byte; lines are its headers. An address with a slash is a Unix
// socket's.
func edgeAsk(t testing.TB, addr, method, target string, lines ...string) (*http.Response, string) {
	t.Helper()
	network := "tcp"
	if strings.Contains(addr, "/") {
		network = "unix"
	}
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head := append([]string{method + " " + target + " HTTP/1.1", "Host: videotoken"}, lines...)
	if _, err := io.WriteString(c, strings.Join(head, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}
