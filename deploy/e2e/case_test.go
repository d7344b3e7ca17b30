package e2e

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// playerOrigin is the origin of the page that may read what the edges answer.
const playerOrigin = "http://player.example"

// edgeCase is a request to an edge and what has to come of it. Every edge runs every case.
type edgeCase struct {
	name, method, target string // the method is GET if it is empty
	header               []string
	send                 string // the request's body
	status               int    // 200 if it is 0
	reason               string // X-Token-Reason
	body                 []byte // of the answer, not compared if it is nil
	serve                string // what the origin is asked for, not compared if it is empty
	// the edge answers by itself: it asks neither the service nor the origin
	alone bool
}

// cases are the requests that every edge runs.
func cases(t *testing.T, s *stack.Stack, e *stack.Edge) []edgeCase {
	now := uint32(time.Now().Unix())
	a := sign(t, e, "/films/a.mp4", token.Claims{})
	dir := sign(t, e, "/hls/bbb/master.m3u8", token.Claims{Depth: 2})
	clip := sign(t, e, "/films/a.mp4?end=30&x=%20", token.Claims{})
	expired := sign(t, e, "/films/a.mp4", token.Claims{Expiry: now - 3600})
	notYet := sign(t, e, "/films/a.mp4", token.Claims{Expiry: now + 7200, NotBefore: now + 3600})
	elsewhere := sign(t, s.Other(), "/films/a.mp4", token.Claims{})
	here := sign(t, e, "/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("127.0.0.1/32")})
	away := sign(t, e, "/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")})
	// another letter in the tag
	tampered := a[:20] + string("AB"[strings.IndexByte("A", a[20])+1]) + a[21:]
	preflight := []string{"Origin: " + playerOrigin, "Access-Control-Request-Method: GET",
		"Access-Control-Request-Headers: cmcd-request,range"}
	return []edgeCase{
		{name: "good, in the query", target: "/films/a.mp4?token=" + a, body: film("/films/a.mp4")},
		{name: "good, in the path", target: "/~" + a + "/films/a.mp4", body: film("/films/a.mp4")},
		{name: "good, manifest", target: "/~" + dir + "/hls/bbb/master.m3u8",
			body: film("/hls/bbb/master.m3u8")},
		{name: "good, segment below", target: "/~" + dir + "/hls/bbb/720p/seg-1.ts",
			body: film("/hls/bbb/720p/seg-1.ts")},
		{name: "good, parameters after the token", target: "/films/a.mp4?token=" +
			a + "&x=%20&CMCD=sid%3D1", body: film("/films/a.mp4"), serve: "/films/a.mp4"},
		{name: "good, signed query", target: "/films/a.mp4?end=30&x=%20&token=" + clip,
			body: film("/films/a.mp4"), serve: "/films/a.mp4?end=30&x=%20"},
		{name: "good, signed query, another after it", target: "/films/a.mp4?end=30&x=%20&token=" +
			clip + "&end=3600", body: film("/films/a.mp4"), serve: "/films/a.mp4?end=30&x=%20"},
		{name: "good, query of a directory",
			target: "/~" + dir + "/hls/bbb/master.m3u8?_HLS_msn=7&CMCD=sid%3D1&x={|}",
			body:   film("/hls/bbb/master.m3u8"), serve: "/hls/bbb/master.m3u8?_HLS_msn=7&x=%7B%7C%7D"},
		{name: "good, encoded mark", target: "/%7E" + dir + "/hls/bbb/master.m3u8",
			body: film("/hls/bbb/master.m3u8")},
		{name: "good, letters of one spelling", target: "/films/%61;+.mp4?token=" +
			sign(t, e, "/films/a;+.mp4", token.Claims{}), status: 404, serve: "/films/a%3B%2B.mp4"},
		{name: "good, encoded space", target: "/films/my%20film%2B1.mp4?token=" +
			sign(t, e, "/films/my film+1.mp4", token.Claims{}), body: film("/films/my film+1.mp4")},
		{name: "good, encoded comma", target: "/films/a%2Cb.mp4?token=" +
			sign(t, e, "/films/a,b.mp4", token.Claims{}), body: film("/films/a,b.mp4")},
		{name: "good, marks", target: "/films/(b)!*'$&+.mp4?token=" + sign(t, e, "/films/(b)!*'$&+.mp4",
			token.Claims{}), body: film("/films/(b)!*'$&+.mp4")},
		{name: "good, UTF-8", target: "/vid%C3%A9os/%c3%a9t%C3%A9.mp4?token=" +
			sign(t, e, "/vidéos/été.mp4", token.Claims{}), body: film("/vidéos/été.mp4")},
		{name: "no token", target: "/films/a.mp4", status: 401, reason: "missing"},
		{name: "no token, other parameters", target: "/films/a.mp4?tokens=" + a, status: 401,
			reason: "missing"},
		{name: "signed query, changed", target: "/films/a.mp4?end=3600&x=%20&token=" + clip, status: 403,
			reason: "signature"},
		{name: "signed query, longer", target: "/films/a.mp4?start=0&end=30&x=%20&token=" + clip,
			status: 403, reason: "signature"},
		{name: "signed query, without it", target: "/films/a.mp4?token=" + clip, status: 403,
			reason: "signature"},
		{name: "parameters before the token", target: "/films/a.mp4?end=30&token=" + a, status: 403,
			reason: "signature"},
		{name: "two tokens", target: "/films/a.mp4?token=" + a + "&token=" + a, status: 403,
			reason: "ambiguous"},
		{name: "tampered", target: "/films/a.mp4?token=" + tampered, status: 403, reason: "signature"},
		{name: "cut short", target: "/films/a.mp4?token=" + a[:31], status: 403, reason: "malformed"},
		{name: "of another path", target: "/films/a,b.mp4?token=" + a, status: 403, reason: "signature"},
		{name: "expired", target: "/films/a.mp4?token=" + expired, status: 403, reason: "expired"},
		{name: "not yet", target: "/films/a.mp4?token=" + notYet, status: 403, reason: "not-yet"},
		{name: "of another CDN", target: "/films/a.mp4?token=" + elsewhere, status: 403,
			reason: "unknown-key"},
		{name: "sibling directory", target: "/~" + dir + "/hls/bbb2/seg-1.ts", status: 403,
			reason: "signature"},
		{name: "parent directory", target: "/~" + dir + "/hls/x.ts", status: 403, reason: "signature"},
		{name: "HEAD", method: "HEAD", target: "/films/a.mp4?token=" + a, body: []byte{}},
		{name: "HEAD without a token", method: "HEAD", target: "/films/a.mp4", status: 401,
			reason: "missing"},
		{name: "range", target: "/films/a.mp4?token=" + a,
			header: []string{"Range: bytes=1048570-1048589"}, status: 206,
			body: film("/films/a.mp4")[1048570:1048590]},
		{name: "range to the end", target: "/films/a.mp4?token=" + a,
			header: []string{"Range: bytes=3000000-"}, status: 206, body: film("/films/a.mp4")[3000000:]},
		{name: "range without a token", target: "/films/a.mp4", header: []string{"Range: bytes=0-9"},
			status: 401, reason: "missing"},
		{name: "range of an expired token", target: "/films/a.mp4?token=" + expired,
			header: []string{"Range: bytes=0-9"}, status: 403, reason: "expired"},
		{name: "bound to the client's address", target: "/films/a.mp4?token=" + here,
			header: platform(e, "127.0.0.1"), body: film("/films/a.mp4")},
		{name: "bound to another address", target: "/films/a.mp4?token=" + away,
			header: platform(e, "127.0.0.1"), status: 403, reason: "signature"},
		{name: "forged addresses", target: "/films/a.mp4?token=" + away, status: 403, reason: "signature",
			header: append(platform(e, "127.0.0.1"), "X-Real-IP: 203.0.113.7",
				"X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X_Real_IP: 203.0.113.7",
				"True-Client-IP: 203.0.113.7")},
		{name: "forged original URIs", target: "/films/a.mp4", status: 401, reason: "missing",
			header: []string{"X-Original-URI: /films/a.mp4?token=" + a,
				"X-Forwarded-Uri: /films/a.mp4?token=" + a, "X_Original_URI: /films/a.mp4?token=" + a,
				"X-Original-URL: /films/a.mp4?token=" + a}},
		{name: "forged answers", target: "/films/a.mp4", status: 401, reason: "missing",
			header: []string{"X-Token-Path: /secret/x.ts", "X-Token-Reason:"}},
		{name: "forged answer beside a token", target: "/films/a.mp4?token=" + a,
			header: []string{"X-Token-Path: /secret/x.ts"}, body: film("/films/a.mp4")},
		{name: "forged host", target: "/films/a.mp4?token=" + a,
			header: []string{"Host: elsewhere.example"}, body: film("/films/a.mp4")},
		{name: "forged host in the target", target: "http://elsewhere.example/films/a.mp4?token=" + a,
			header: []string{"Host: elsewhere.example"}, body: film("/films/a.mp4")},
		{name: "preflight", method: "OPTIONS", target: "/~" + dir + "/hls/bbb/720p/seg-1.ts",
			header: preflight, status: 204, alone: true},
		{name: "preflight without a token", method: "OPTIONS", target: "/films/a.mp4", header: preflight,
			status: 204, alone: true},
		{name: "preflight of a stranger", method: "OPTIONS", target: "/films/a.mp4",
			header: append([]string{"Origin: http://stranger.example"}, preflight[1:]...), status: 204,
			alone: true},
		// A body that an edge announces to the service and does not send takes the service down for
		// everybody.
		{name: "POST with a body", method: "POST", target: "/films/a.mp4", send: "body", status: 405,
			alone: true},
		{name: "POST with a body and a token", method: "POST", target: "/films/a.mp4?token=" + a,
			send: "body", status: 405, alone: true},
		{name: "PUT", method: "PUT", target: "/films/a.mp4?token=" + a, send: "body", status: 405,
			alone: true},
		{name: "DELETE", method: "DELETE", target: "/films/a.mp4?token=" + a, status: 405, alone: true},
		{name: "GET with a body", target: "/films/a.mp4", send: "body", status: 401, reason: "missing"},
		{name: "GET with a body and a token", target: "/films/a.mp4?token=" + a, send: "body",
			body: film("/films/a.mp4")},
		{name: "GET with a chunked body", target: "/films/a.mp4",
			header: []string{"Transfer-Encoding: chunked"}, send: "4\r\nbody\r\n0\r\n\r\n", status: 401,
			reason: "missing"},
		{name: "good, after the bodies", target: "/films/a.mp4?token=" + a, body: film("/films/a.mp4")},
	}
}

func testCases(t *testing.T, s *stack.Stack, e *stack.Edge, origin *naive) {
	for _, c := range cases(t, s, e) {
		t.Run(c.name, func(t *testing.T) {
			s.Recorder.Take()
			origin.take()
			if c.method == "" {
				c.method = "GET"
			}
			if c.status == 0 {
				c.status = 200
			}
			got := ask(t, e.Addr, c.method, c.target, c.send, c.header...)
			if got.status != c.status || got.header.Get("X-Token-Reason") != c.reason {
				t.Fatalf("answered %v; want %d %s", got, c.status, c.reason)
			}
			if c.body != nil && !bytes.Equal(got.body, c.body) {
				t.Errorf("%d bytes, %.40q; want %d bytes, %.40q", len(got.body), got.body, len(c.body), c.body)
			}
			checkHeaders(t, c.method, got)
			asked, served := s.Recorder.Take(), origin.take()
			want := 1
			if c.alone || e.Name == "worker" {
				want = 0
			}
			if len(asked) != want {
				t.Errorf("the service was asked %d times; want %d", len(asked), want)
			}
			if c.alone && len(served) > 0 {
				t.Errorf("the origin was asked for %v", served)
			}
			for _, r := range served {
				if c.serve != "" && !same(e, r.target, c.serve) {
					t.Errorf("the origin was asked for %s; want %s", r.target, c.serve)
				}
			}
			check(t, e, got, asked, served)
		})
	}
}

// platform is the header in which a CDN tells its worker the client's address, which a client
// cannot write there.
func platform(e *stack.Edge, addr string) []string {
	if e.Name == "worker" {
		return []string{"CF-Connecting-IP: " + addr}
	}
	return nil
}
