package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"videotoken/internal/config"
)

// The tokens are testdata/vectors.json's, and so are the keys and the time.
const (
	edgeNow    = 1999990000
	edgeConfig = `
listen: "127.0.0.1:0"
token: {leeway: 10s}
cdns:
  - {name: one, url: "https://one.example", keys: [{id: 7, secret: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8}]}
  - {name: two, url: "https://two.example", keys: [{id: 8, secret: gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8}]}
trusted_proxies: ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]
`
	edgeFilm    = "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4"
	edgeExact   = edgeFilm + "?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc"
	edgeBelow   = "/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/seg-1.ts"
	edgeBound   = edgeFilm + "?token=EAIAB3c1lAAgYhM_PUmTOVo1v-kmIh5pdg" // to 203.0.113.7
	edgeBound6  = edgeFilm + "?token=EAIAB3c1lABhgxkicOxxDzFfaZsyf4GqTA" // to 2001:db8::/64
	edgeSession = edgeFilm + "?token=EAQAB3c1lAAAESIzqrvM3f0HGpFMB7G6jxrjhH6dbsY"
)

// newEdgeServer makes a server of the configuration, with replacements in it.
func newEdgeServer(t testing.TB, now int64, replace ...string) *Server {
	t.Helper()
	c, err := config.Parse("test.yaml", []byte(strings.NewReplacer(replace...).Replace(edgeConfig)))
	if err != nil {
		t.Fatal(err)
	}
	return New(c, slog.New(slog.DiscardHandler), func() time.Time { return time.Unix(now, 0) })
}

// edgeServer serves it on a free port. The test has to connect: a server that is shut down before it has come to
// serve would wait for good.
func edgeServer(t testing.TB, now int64, replace ...string) (addr string) {
	t.Helper()
	s := newEdgeServer(t, now, replace...)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
	return ln.Addr().String()
}

// edgeAsk sends a request byte for byte; lines are its headers.
func edgeAsk(t testing.TB, addr, method, target string, lines ...string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
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
