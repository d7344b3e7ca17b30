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
	settings, err := b.settings(b.current)
	if err != nil {
		t.Fatal(err)
	}
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
	// For Envoy alone: what it passes on.
	if a.status == http.StatusOK && a.headers[":path"] != a.headers["x-token-path"] {
		t.Errorf("the origin is asked for %q: %v", a.headers[":path"], a)
	}
	delete(a.headers, ":path")
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
