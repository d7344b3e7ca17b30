package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	types "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/valyala/fasthttp"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
)

// authorization answers Check with what /verify/ext-authz answers, and never with an error: Envoy
// lets a request pass after one where failure_mode_allow is set. gRPC itself has an error for a
// question over maxQuestion, which does not reach Check.
type authorization struct {
	auth.UnimplementedAuthorizationServer
	handler fasthttp.RequestHandler
	trusts  func(net.Addr) bool
	log     *slog.Logger
}

// cdnExtension is the member of context_extensions that names the CDN.
const cdnExtension = "cdn"

// Check answers whether Envoy may serve a request.
func (a *authorization) Check(
	ctx context.Context, q *auth.CheckRequest,
) (answer *auth.CheckResponse, _ error) {
	defer func() {
		if cause := recover(); cause != nil {
			a.log.Error("a question panicked", "cause", cause, "stack", string(debug.Stack()))
			answer = denied(http.StatusInternalServerError, ownHeaders, nil)
		}
	}()
	var from net.Addr = nobody{}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		from = p.Addr
	}
	request := q.GetAttributes().GetRequest().GetHttp()
	name := q.GetAttributes().GetContextExtensions()[cdnExtension]
	if !isPlain(request) || strings.ContainsAny(name, "/?") {
		reason := header("X-Token-Reason", "path")
		return denied(http.StatusForbidden,
			append([]*core.HeaderValueOption{reason}, ownHeaders...), nil), nil
	}
	var asked fasthttp.Request
	asked.Header.SetMethod(request.Method)
	asked.Header.SetRequestURI("/verify/ext-authz/" + name + request.Path)
	if a.trusts(from) {
		// Envoy's word for who asked it counts, and from there on the rule of the HTTP families.
		from = source(q.GetAttributes().GetSource().GetAddress())
		addAddresses(&asked.Header, request)
	}
	var c fasthttp.RequestCtx
	c.Init(&asked, from, nil)
	a.handler(&c)
	return answerOf(&c.Response), nil
}

// ownHeaders are the headers of a denial that the service did not make.
var ownHeaders = []*core.HeaderValueOption{header("Cache-Control", "no-store")}

// isPlain reports whether a question has a request in the only way that Envoy has for one. Envoy
// writes "!" for bytes that are not UTF-8, and serves them as they came: so the raw path must be
// there, and the same, where there is a "!".
func isPlain(r *auth.AttributeContext_HttpRequest) bool {
	if r.GetMethod() == "" || !strings.HasPrefix(r.GetPath(), "/") ||
		r.Query != "" || r.Fragment != "" {
		return false
	}
	raw := 0
	for _, h := range r.GetHeaderMap().GetHeaders() {
		if h.GetKey() == ":path" {
			if raw++; string(valueOf(h)) != r.Path {
				return false
			}
		}
	}
	return raw == 1 || raw == 0 && !strings.Contains(r.Path, "!")
}

// valueOf returns the value of a header, which stands in one of two fields.
func valueOf(h *core.HeaderValue) []byte {
	if len(h.GetRawValue()) > 0 {
		return h.GetRawValue()
	}
	return []byte(h.GetValue())
}

// addAddresses copies the headers that may name the client. Envoy joins several of one name, unless
// it sends them raw: two of X-Real-IP have to stay two, which is refused.
func addAddresses(h *fasthttp.RequestHeader, r *auth.AttributeContext_HttpRequest) {
	for name, value := range r.GetHeaders() {
		switch strings.ToLower(name) {
		case "x-real-ip":
			for one := range strings.SplitSeq(value, ",") {
				h.Add("X-Real-IP", strings.Trim(one, " \t"))
			}
		case "x-forwarded-for":
			h.Add("X-Forwarded-For", value)
		}
	}
	for _, one := range r.GetHeaderMap().GetHeaders() {
		switch strings.ToLower(one.GetKey()) {
		case "x-real-ip":
			h.AddBytesV("X-Real-IP", valueOf(one))
		case "x-forwarded-for":
			h.AddBytesV("X-Forwarded-For", valueOf(one))
		}
	}
}

// source returns the address that a connection came to Envoy from.
func source(a *core.Address) net.Addr {
	if a.GetPipe() != nil {
		return &net.UnixAddr{Net: "unix", Name: a.GetPipe().GetPath()}
	}
	s := a.GetSocketAddress()
	addr, err := netip.ParseAddr(s.GetAddress())
	if err != nil {
		return nobody{}
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(s.GetPortValue())))
}

// nobody is an address that is not known.
type nobody struct{}

func (nobody) Network() string { return "" }
func (nobody) String() string  { return "" }

// tokenHeaders are those that the origin reads, and that no client may send there.
var tokenHeaders = []string{
	"X-Token-Path", "X-Token-Expires", "X-Token-Session", "X-Token-Reason", "X-Token-Would-Refuse",
}

// answerOf turns an answer over HTTP into one over gRPC.
func answerOf(r *fasthttp.Response) *auth.CheckResponse {
	if r.StatusCode() != http.StatusOK {
		var headers []*core.HeaderValueOption
		for name, value := range r.Header.All() {
			switch string(name) {
			case "Content-Type", "Cache-Control", "Www-Authenticate", "Retry-After", "Allow",
				"X-Token-Reason":
				headers = append(headers, header(string(name), string(value)))
			}
		}
		return denied(r.StatusCode(), headers, bytes.Clone(r.Body()))
	}
	// A yes says what to serve. fasthttp's status is 200 where nobody has set one.
	path := r.Header.Peek("X-Token-Path")
	if !bytes.HasPrefix(path, []byte("/")) {
		return denied(http.StatusForbidden, ownHeaders, nil)
	}
	// Envoy passes on what was verified, as it was signed, and without the token. With
	// query_parameters_to_remove it would sort the rest of the query.
	ok := &auth.OkHttpResponse{Headers: []*core.HeaderValueOption{header(":path", string(path))}}
	for _, name := range tokenHeaders {
		if value := r.Header.Peek(name); len(value) > 0 {
			ok.Headers = append(ok.Headers, header(name, string(value)))
		} else {
			ok.HeadersToRemove = append(ok.HeadersToRemove, strings.ToLower(name))
		}
	}
	return &auth.CheckResponse{
		Status:       &status.Status{Code: int32(codes.OK)},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: ok},
	}
}

// denied is the answer that has Envoy answer a client itself.
func denied(code int, headers []*core.HeaderValueOption, body []byte) *auth.CheckResponse {
	if _, known := types.StatusCode_name[int32(code)]; !known {
		code = http.StatusForbidden
	}
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status: &types.HttpStatus{Code: types.StatusCode(code)}, Headers: headers,
			Body: string(body),
		}},
	}
}

// header is one that replaces whatever is there under its name.
func header(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header:       &core.HeaderValue{Key: strings.ToLower(name), Value: value},
		AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}
