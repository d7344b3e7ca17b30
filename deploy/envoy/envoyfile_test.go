package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	types "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"videotoken/internal/config"
	"videotoken/token"
)

func readEnvoyFile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// faults are what makes a configuration of Envoy unsafe, or its answers wrong.
type faults []string

func (f *faults) demand(ok bool, what string) {
	if !ok {
		*f = append(*f, what)
	}
}

// faultsOf looks at a configuration that Envoy takes. A bridge answers for the time drain before it
// ends.
func faultsOf(messages []proto.Message, drain time.Duration) (f faults) {
	managers, filters, names := 0, 0, 0
	for _, m := range messages {
		switch m := m.(type) {
		case *bootstrap.Bootstrap:
			f.health(m, drain)
		case *hcm.HttpConnectionManager:
			managers++
			f.manager(m)
		case *authz.ExtAuthz:
			filters++
			f.filter(m)
		case *authz.ExtAuthzPerRoute:
			if m.GetCheckSettings().GetContextExtensions()[cdnExtension] == "aws-1" {
				names++
			}
		}
	}
	f.demand(managers == 1 && filters == 1 && names == 1, "one of each, and the CDN's name")
	return f
}

// health: Envoy asks a bridge that drains no more before it is gone.
func (f *faults) health(b *bootstrap.Bootstrap, drain time.Duration) {
	found := false
	for _, c := range b.GetStaticResources().GetClusters() {
		for _, h := range c.GetHealthChecks() {
			found = found || c.Name == "videotoken" && h.GetGrpcHealthCheck() != nil
			notices := h.GetInterval().AsDuration()*
				time.Duration(h.GetUnhealthyThreshold().GetValue()) + h.GetTimeout().AsDuration()
			f.demand(notices < drain, "a health check that notices within drain")
		}
	}
	f.demand(found, "a health check over gRPC")
}

// typeURLs are the types of the filters, in the order in which a request passes them.
var typeURLs = []string{"cors.v3.Cors", "ext_authz.v3.ExtAuthz", "router.v3.Router"}

func (f *faults) manager(m *hcm.HttpConnectionManager) {
	f.demand(m.GetUseRemoteAddress().GetValue(), "use_remote_address")
	f.demand(m.NormalizePath != nil && !m.GetNormalizePath().GetValue(), "paths are not normalized")
	f.demand(!m.MergeSlashes, "slashes are not merged")
	f.demand(m.PathWithEscapedSlashesAction ==
		hcm.HttpConnectionManager_KEEP_UNCHANGED, "escaped slashes stay")
	var order []string
	for _, filter := range m.GetHttpFilters() {
		name := strings.TrimPrefix(filter.GetTypedConfig().GetTypeUrl(),
			"type.googleapis.com/envoy.extensions.filters.http.")
		order = append(order, name)
	}
	f.demand(slices.Equal(order, typeURLs), "CORS, ext_authz and the router, in this order")
	for _, host := range m.GetRouteConfig().GetVirtualHosts() {
		f.host(host)
	}
	f.demand(len(m.GetRouteConfig().GetVirtualHosts()) == 1, "one virtual host")
}

// ownResponseHeaders are those that the origin does not answer with.
var ownResponseHeaders = []string{
	"access-control-allow-credentials", "access-control-allow-headers",
	"access-control-allow-methods", "access-control-allow-origin", "access-control-expose-headers",
	"access-control-max-age", "x-token-reason",
}

func (f *faults) host(h *route.VirtualHost) {
	f.demand(slices.Equal(slices.Sorted(slices.Values(h.GetResponseHeadersToRemove())),
		ownResponseHeaders), "none of the origin's CORS headers, nor its X-Token-Reason")
	forwarding := 0
	for _, r := range h.GetRoutes() {
		if r.GetRoute() == nil {
			f.demand(r.GetDirectResponse().GetStatus() == 405, "other methods are 405")
			continue
		}
		forwarding++
		f.demand(!isDisabled(r.GetTypedPerFilterConfig()), "every request to the origin is asked about")
		f.demand(r.GetMatch().GetPrefix() == "/", "every path")
		methods := r.GetMatch().GetHeaders()
		f.demand(len(methods) == 1 && methods[0].Name == ":method" &&
			methods[0].GetStringMatch().GetSafeRegex().GetRegex() == "GET|HEAD|OPTIONS" &&
			!methods[0].InvertMatch, "GET, HEAD and OPTIONS alone")
		a := r.GetRoute()
		f.demand(a.PrefixRewrite == "" && a.RegexRewrite == nil && a.PathRewrite == "" &&
			a.PathRewritePolicy == nil, "the path that was verified, not rewritten")
		f.demand(a.GetHostRewriteLiteral() != "", "the origin's own host")
	}
	f.demand(forwarding == 1, "one way to the origin")
}

// isDisabled reports whether a route does without the filter.
func isDisabled(filters map[string]*anypb.Any) bool {
	for _, packed := range filters {
		var r authz.ExtAuthzPerRoute
		if packed.MessageIs(&r) && packed.UnmarshalTo(&r) == nil && r.GetDisabled() {
			return true
		}
	}
	return false
}

func (f *faults) filter(m *authz.ExtAuthz) {
	f.demand(!m.FailureModeAllow, "failure_mode_allow is off")
	f.demand(m.GetStatusOnError().GetCode() == types.StatusCode_ServiceUnavailable,
		"no answer is 503, which players do not take as final")
	f.demand(m.EncodeRawHeaders, "encode_raw_headers")
	f.demand(m.WithRequestBody == nil, "no bodies")
	f.demand(!m.ClearRouteCache, "the route stays the one that matched")
	f.demand(m.DecoderHeaderMutationRules == nil, "the answer may set :path")
	f.demand(m.GetGrpcService().GetEnvoyGrpc().GetClusterName() == "videotoken", "the cluster")
	f.demand(m.GetGrpcService().GetTimeout().AsDuration() > 0, "a timeout")
}

// TestEnvoyFile: envoy.yaml is a configuration of Envoy's, and is safe; what makes it unsafe is
// found.
func TestEnvoyFile(t *testing.T) {
	one, _ := fresh(t, 1, token.Claims{})
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	if err := os.WriteFile(file, []byte(one), 0o600); err != nil {
		t.Fatal(err)
	}
	defaults, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	text := readEnvoyFile(t)
	messages, err := readBootstrap(text)
	if err != nil {
		t.Fatal(err)
	}
	if f := faultsOf(messages, defaults.Drain); len(f) > 0 {
		t.Errorf("not so: %q", f)
	}
	const router = "                  - name: envoy.filters.http.router\n"
	before, rest, _ := strings.Cut(text, "                  - name: envoy.filters.http.cors ")
	cors := text[len(before) : len(text)-len(rest)+strings.Index(rest, "                  - name: ")]
	const rewriting = "host_rewrite_literal: origin.example\n                            "
	for name, edit := range map[string][]string{
		"the peer's address":       {"use_remote_address: true", "use_remote_address: false"},
		"no peer's address":        {"use_remote_address: true\n", "\n"},
		"normalized paths":         {"normalize_path: false", "normalize_path: true"},
		"normalized by default":    {"normalize_path: false\n", "\n"},
		"merged slashes":           {"merge_slashes: false", "merge_slashes: true"},
		"unescaped slashes":        {"KEEP_UNCHANGED", "UNESCAPE_AND_FORWARD"},
		"ext_authz before CORS":    {cors, "", router, cors + router},
		"no CORS":                  {cors, ""},
		"every method":             {"GET|HEAD|OPTIONS}", ".*}"},
		"another method":           {"GET|HEAD|OPTIONS}", "GET|HEAD|OPTIONS|POST}"},
		"a rewritten path":         {rewriting, rewriting + "prefix_rewrite: /films/\n"},
		"a path by a pattern":      {rewriting, rewriting + "regex_rewrite: {pattern: {regex: x}}\n"},
		"the client's host":        {"host_rewrite_literal: origin.example", "timeout: 15s"},
		"no timeout":               {"timeout: 2s\n", "\n"},
		"a late health check":      {"interval: 2s", "interval: 5s"},
		"a patient health check":   {"unhealthy_threshold: 1", "unhealthy_threshold: 3"},
		"a health check over HTTP": {"grpc_health_check: {}", "http_health_check: {path: /readyz}"},
		"an error that is final":   {"status_on_error: {code: ServiceUnavailable}", ""},
		"an error that passes":     {"failure_mode_allow: false", "failure_mode_allow: true"},
		"no raw headers":           {"encode_raw_headers: true", "encode_raw_headers: false"},
		"the route anew":           {"encode_raw_headers: true", "clear_route_cache: true"},
		"another CDN's name":       {"cdn: aws-1", "site: aws-1"},
		"the origin's own reason":  {"- x-token-reason\n", "\n"},
		"the origin's methods":     {"- access-control-allow-methods\n", "\n"},
		"nobody is asked for films": {"check_settings: {context_extensions: {cdn: aws-1}}",
			"disabled: true"},
	} {
		changed := strings.NewReplacer(edit...).Replace(text)
		if changed == text {
			t.Errorf("%s: nothing was changed", name)
			continue
		}
		if messages, err := readBootstrap(changed); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if len(faultsOf(messages, defaults.Drain)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}
