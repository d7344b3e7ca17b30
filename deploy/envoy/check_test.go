package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"videotoken/token"
)

// TestVectors asks about every case of the token's vectors, over gRPC and over HTTP.
func TestVectors(t *testing.T) {
	v := readVectors(t)
	pairs := map[string]pair{} // by time and keys
	asked := 0
	for _, c := range append(v.Accept, v.Reject...) {
		if len(c.Revoked) > 0 || strings.ContainsFunc(c.URI, func(r rune) bool {
			return r <= ' ' || r == 0x7F || r == 0xFFFD
		}) {
			continue // TestRevoked; and HTTP refuses it, or protobuf has no such string
		}
		id := fmt.Sprint(c.Now, c.Keys)
		if pairs[id].client == nil {
			pairs[id] = newPair(t, v.configuration(t, c.Keys, trusting), c.Now, "tcp")
		}
		cdns := []string{"one"}
		if !slices.Contains(c.Keys, 7) && !slices.Contains(c.Keys, 8) {
			cdns = []string{"sha"}
		} else if slices.Contains(c.Keys, 20) {
			cdns = append(cdns, "sha")
		}
		t.Run(c.Name, func(t *testing.T) {
			if !strings.HasPrefix(c.URI, "/") {
				g := pairs[id].check(t, question("one", "GET", c.URI, "203.0.113.7", nil))
				if g.status != 403 || g.headers["x-token-reason"] != "path" {
					t.Errorf("%v", g)
				}
				return
			}
			accepted := false
			for _, cdn := range cdns {
				from := c.IP
				if net.ParseIP(from) == nil {
					from = "203.0.113.7"
				}
				g := pairs[id].same(t, cdn, "GET", c.URI, from)
				asked++
				accepted = accepted || g.status == 200
				if g.status == 200 && c.Reason != "" && c.IP == from {
					t.Errorf("accepted: %v", g)
				}
			}
			if c.Name == "query token" && !accepted {
				t.Error("refused")
			}
		})
	}
	if asked < 120 {
		t.Errorf("%d questions", asked)
	}
}

const edgeNow = 1999990000

// signer makes tokens of the vectors' key 7.
func signer(t *testing.T, v vectors) func(uri string, c token.Claims) string {
	t.Helper()
	secret, err := token.ParseSecret(v.Keys[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := token.NewKey(v.Keys[0].ID, secret)
	if err != nil {
		t.Fatal(err)
	}
	return func(uri string, c token.Claims) string {
		if c.Expiry == 0 {
			c.Expiry = edgeNow + 3600
		}
		path, query, _ := strings.Cut(uri, "?")
		canonical, err := token.Canonical(nil, []byte(path))
		if err != nil {
			t.Fatal(err)
		}
		text, err := key.Append(nil, &c, canonical, []byte(query))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// TestCases is the table of deploy/e2e for an edge that passes requests on as they came.
func TestCases(t *testing.T) {
	v := readVectors(t)
	sign := signer(t, v)
	a := sign("/films/a.mp4", token.Claims{})
	dir := sign("/hls/bbb/master.m3u8", token.Claims{Depth: 2})
	clip := sign("/films/a.mp4?end=30&x=%20", token.Claims{})
	bound := sign("/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")})
	bound6 := sign("/films/a.mp4", token.Claims{IP: netip.MustParsePrefix("2001:db8::/64")})
	session := sign("/films/a.mp4", token.Claims{Session: [8]byte{1}, HasSession: true})
	const client = "203.0.113.7"
	for _, network := range []string{"tcp", "unix"} {
		p := newPair(t, v.configuration(t, []uint16{7, 20}, trusting), edgeNow, network)
		for _, c := range []struct {
			name, method, path, from string
			status                   int
			reason, serve            string
		}{
			{"good, in the query", "GET", "/films/a.mp4?token=" + a, client, 200, "", "/films/a.mp4"},
			{"good, in the path", "GET", "/~" + a + "/films/a.mp4", client, 200, "", "/films/a.mp4"},
			{"good, segment below", "GET", "/~" + dir + "/hls/bbb/720p/seg-1.ts", client, 200, "",
				"/hls/bbb/720p/seg-1.ts"},
			{"good, signed query", "GET", "/films/a.mp4?end=30&x=%20&token=" + clip, client, 200, "",
				"/films/a.mp4?end=30&x=%20"},
			{"good, query of a directory", "GET", "/~" + dir + "/hls/bbb/master.m3u8?_HLS_msn=7", client,
				200, "", "/hls/bbb/master.m3u8?_HLS_msn=7"},
			{"good, encoded mark", "GET", "/%7E" + dir + "/hls/bbb/master.m3u8", client, 200, "",
				"/hls/bbb/master.m3u8"},
			{"good, marks", "GET", "/films/(b)!*'$&,.mp4?token=" +
				sign("/films/(b)!*'$&,.mp4", token.Claims{}), client, 200, "", "/films/(b)!*'$&,.mp4"},
			{"good, UTF-8", "GET", "/vid%C3%A9os/%C3%A9.mp4?token=" + sign("/vidéos/é.mp4", token.Claims{}),
				client, 200, "", "/vid%C3%A9os/%C3%A9.mp4"},
			{"HEAD", "HEAD", "/films/a.mp4?token=" + a, client, 200, "", "/films/a.mp4"},
			{"DELETE", "DELETE", "/films/a.mp4?token=" + a, client, 200, "", "/films/a.mp4"},
			{"with a session", "GET", "/films/a.mp4?token=" + session, client, 200, "", "/films/a.mp4"},
			{"another spelling", "GET", "/~" + dir + "/hls/bbb/%73eg-1.ts", client, 403, "path", ""},
			{"parameters after the token", "GET", "/films/a.mp4?token=" + a + "&end=3600", client, 403,
				"path", ""},
			{"no token", "GET", "/films/a.mp4", client, 401, "missing", ""},
			{"no token, HEAD", "HEAD", "/films/a.mp4", client, 401, "missing", ""},
			{"signed query, changed", "GET", "/films/a.mp4?end=3600&x=%20&token=" + clip, client, 403,
				"signature", ""},
			{"signed query, without it", "GET", "/films/a.mp4?token=" + clip, client, 403, "signature", ""},
			{"two tokens", "GET", "/films/a.mp4?token=" + a + "&token=" + a, client, 403, "ambiguous", ""},
			{"cut short", "GET", "/films/a.mp4?token=" + a[:31], client, 403, "malformed", ""},
			{"of another path", "GET", "/films/b.mp4?token=" + a, client, 403, "signature", ""},
			{"expired", "GET", "/films/a.mp4?token=" +
				sign("/films/a.mp4", token.Claims{Expiry: edgeNow - 60}), client, 403, "expired", ""},
			{"not yet", "GET", "/films/a.mp4?token=" +
				sign("/films/a.mp4", token.Claims{NotBefore: edgeNow + 60}), client, 403, "not-yet", ""},
			{"sibling directory", "GET", "/~" + dir + "/hls/bbb2/seg-1.ts", client, 403, "signature", ""},
			{"parent directory", "GET", "/~" + dir + "/hls/x.ts", client, 403, "signature", ""},
			{"dots", "GET", "/~" + dir + "/hls/bbb/../secret.ts", client, 403, "path", ""},
			{"dots into another CDN", "GET", "/../sha/films/a.mp4?token=" + a, client, 403, "path", ""},
			{"doubled slash", "GET", "//films/a.mp4?token=" + a, client, 403, "path", ""},
			{"fragment", "GET", "/~" + dir + "/hls/bbb/x.ts#y", client, 403, "path", ""},
			{"bound to the client", "GET", "/films/a.mp4?token=" + bound, client, 200, "", "/films/a.mp4"},
			{"bound to another", "GET", "/films/a.mp4?token=" + bound, "198.51.100.1", 403, "signature", ""},
			{"bound to the client's network", "GET", "/films/a.mp4?token=" + bound6, "2001:db8::77", 200, "",
				"/films/a.mp4"},
			{"bound, IPv4 over IPv6", "GET", "/films/a.mp4?token=" + bound, "::ffff:203.0.113.7", 200, "",
				"/films/a.mp4"},
			{"CONNECT", "CONNECT", "/films/a.mp4?token=" + a, client, 405, "", ""},
		} {
			t.Run(network+"/"+c.name, func(t *testing.T) {
				g := p.same(t, "one", c.method, c.path, c.from)
				if g.status != c.status || g.headers["x-token-reason"] != c.reason ||
					g.headers["x-token-path"] != c.serve {
					t.Errorf("%v; want %d %q %q", g, c.status, c.reason, c.serve)
				}
				for _, name := range tokenHeaders {
					name = strings.ToLower(name)
					if _, set := g.headers[name]; g.status == 200 && set == slices.Contains(g.removed, name) {
						t.Errorf("%s is set and removed, or neither: %v %v", name, g, g.removed)
					}
				}
			})
		}
		for _, cdn := range []string{"", "two", "on", "sha"} {
			want := map[string]int{"sha": 403}[cdn] // of another key
			if g := p.same(t, cdn, "GET", "/films/a.mp4?token="+a, client); want == 0 && g.status != 404 ||
				want != 0 && g.status != want {
				t.Errorf("the CDN %q: %v", cdn, g)
			}
		}
	}
}
