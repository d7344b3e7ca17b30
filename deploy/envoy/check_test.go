package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"videotoken/internal/server"
	"videotoken/token"
)

// vectors are the public cases of the token's format.
type vectors struct {
	Keys []struct {
		ID      uint16
		Version int
		Secret  string
	}
	Accept, Reject []vector
}

type vector struct {
	Name, URI, Serve, IP, Session, Reason string
	Now                                   int64
	Keys                                  []uint16
	Revoked                               []string
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../../token/testdata/vectors.json")
	if err != nil || json.Unmarshal(b, &v) != nil || len(v.Keys) == 0 || len(v.Accept) < 50 ||
		len(v.Reject) < 90 {
		t.Fatal("no vectors", err)
	}
	return v
}

// configuration is a file with a CDN of the given keys and one of another key.
func (v vectors) configuration(t *testing.T, ids []uint16, more string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("cdns:\n")
	for _, version := range []int{1, 2} {
		name := map[int]string{1: "one", 2: "sha"}[version]
		list := ""
		for _, k := range v.Keys {
			if k.Version == version && slices.Contains(ids, k.ID) {
				list += fmt.Sprintf("{id: %d, secret: %s}, ", k.ID, k.Secret)
			}
		}
		if list != "" {
			scheme := map[int]string{1: "videotoken", 2: "videotoken-sha256"}[version]
			fmt.Fprintf(&b, "  - {name: %s, url: \"https://%s.example\", scheme: %s, keys: [%s]}\n", name,
				name, scheme, strings.TrimSuffix(list, ", "))
		}
	}
	name := filepath.Join(t.TempDir(), "videotoken.yaml")
	if err := os.WriteFile(name, []byte(b.String()+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const trusting = "trusted_proxies: [\"127.0.0.1/32\", \"10.0.0.0/8\", unix]\n" +
	"client_address: x-forwarded-for\n"

// pair are the bridge and the service over HTTP, with one configuration and one clock.
type pair struct {
	client auth.AuthorizationClient
	web    string // the service's address
}

// newPair opens a bridge whose clock stands still, and serves the same over HTTP.
func newPair(t *testing.T, file string, now int64, network string) pair {
	t.Helper()
	b := &bridge{log: slog.New(slog.DiscardHandler), file: file}
	b.flags.Admin = "off"
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	settings := b.settings(b.current)
	b.server = server.New(settings, b.log, func() time.Time { return time.Unix(now, 0) })
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(web) }()
	g := b.newServer()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = g.Serve(ln) }() // until it is stopped
	t.Cleanup(func() {
		g.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
	})
	p := pair{client: auth.NewAuthorizationClient(dial(t, network, ln.Addr().String())),
		web: web.Addr().String()}
	p.overHTTP(t, "GET", "/healthz", nil) // a Shutdown before Serve has begun would wait for ever
	return p
}

func dial(t *testing.T, network, address string) *grpc.ClientConn {
	t.Helper()
	if network == "unix" {
		address = "unix:" + address
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// question is what Envoy asks about a request.
func question(cdn, method, path, from string, headers map[string]string) *auth.CheckRequest {
	q := &auth.CheckRequest{Attributes: &auth.AttributeContext{
		Request: &auth.AttributeContext_Request{Http: &auth.AttributeContext_HttpRequest{
			Method: method, Path: path, Host: "films.example", Scheme: "https", Protocol: "HTTP/1.1",
			Headers: headers, Size: -1,
			HeaderMap: &core.HeaderMap{Headers: []*core.HeaderValue{{Key: ":path", RawValue: []byte(path)}}},
		}},
		ContextExtensions: map[string]string{"cdn": cdn},
	}}
	if from != "" {
		q.Attributes.Source = &auth.AttributeContext_Peer{Address: &core.Address{
			Address: &core.Address_SocketAddress{
				SocketAddress: &core.SocketAddress{Address: from,
					PortSpecifier: &core.SocketAddress_PortValue{PortValue: 4711}},
			}}}
	}
	return q
}

// got is an answer: its status, and the headers that it has for the origin or the client.
type got struct {
	status  int
	headers map[string]string
	removed []string
	body    string
}

func (g got) String() string { return fmt.Sprintf("%d %v %q", g.status, g.headers, g.body) }

// check asks the bridge.
func (p pair) check(t *testing.T, q *auth.CheckRequest) got {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, err := p.client.Check(ctx, q)
	if err != nil {
		t.Fatalf("an error, which failure_mode_allow would let pass: %v", err)
	}
	if err := a.ValidateAll(); err != nil {
		t.Fatal(err)
	}
	g := got{headers: map[string]string{}}
	list := a.GetOkResponse().GetHeaders()
	switch {
	case a.GetStatus().GetCode() == int32(codes.OK) && a.GetOkResponse() != nil:
		g.status, g.removed = http.StatusOK, a.GetOkResponse().GetHeadersToRemove()
	case a.GetStatus().GetCode() != int32(codes.OK) && a.GetDeniedResponse() != nil:
		d := a.GetDeniedResponse()
		g.status, g.body, list = int(d.GetStatus().GetCode()), d.GetBody(), d.GetHeaders()
	default:
		t.Fatalf("neither yes nor no: %v", a)
	}
	for _, h := range list {
		if h.GetAppendAction() != core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			t.Errorf("%v does not replace what is there", h)
		}
		g.headers[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	if g.status != http.StatusOK && g.headers["cache-control"] != "no-store" {
		t.Errorf("a denial that could be kept: %v", g)
	}
	return g
}

// overHTTP asks the service, byte for byte.
func (p pair) overHTTP(t *testing.T, method, target string, headers []string) got {
	t.Helper()
	c, err := net.Dial("tcp", p.web)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	head := append([]string{method + " " + target + " HTTP/1.1", "Host: videotoken"}, headers...)
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
	g := got{status: res.StatusCode, headers: map[string]string{}, body: string(body)}
	for name, values := range res.Header {
		g.headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return g
}

// same asks both about a request, and demands one answer. It returns it.
func (p pair) same(t *testing.T, cdn, method, path, from string) got {
	t.Helper()
	a := p.check(t, question(cdn, method, path, from, map[string]string{"x-forwarded-for": from}))
	b := p.overHTTP(t, method, "/verify/ext-authz/"+cdn+path,
		[]string{"X-Forwarded-For: " + from + ", 10.0.0.9"})
	for _, name := range []string{"date", "content-length"} {
		delete(b.headers, name)
	}
	if b.status == http.StatusOK {
		delete(b.headers, "cache-control") // Envoy has nothing to keep
	}
	if a.status != b.status || fmt.Sprint(a.headers) != fmt.Sprint(b.headers) ||
		method != "HEAD" && a.body != b.body {
		t.Errorf("over gRPC %v; over HTTP %v", a, b)
	}
	return a
}

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
