package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/token"
)

// watched is a server with a caller, an access log of every request, and a CDN that only reports.
func watched(t *testing.T, log AccessLog) (s *Server, l *logs, addr, key string) {
	t.Helper()
	seven, eight := vectorKeys(t)
	c := settingsFor(t,
		cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1, Keys: token.Keys{seven}},
		cdn.CDN{Name: "two", URL: "https://two.example", Keys: token.Keys{eight}, ReportOnly: true})
	key, entry := apiKey(t, 'a', caller.Caller{Name: "catalogue", MaxTTL: caller.Unlimited})
	var err error
	if c.Callers, err = caller.New([]caller.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	c.AccessLog, c.Build = log, Build{Version: "1.2.3"}
	s, l = newServer(c)
	return s, l, start(t, s), key
}

// TestMetrics: what requests did is in the metrics, whose names and help promtool takes.
func TestMetrics(t *testing.T) {
	s, _, addr, key := watched(t, AccessLog{})
	c := dial(t, addr)
	auth := "Authorization: Bearer " + key
	signed := exchange(t, c,
		post(`{"video":{"sources":[{"src":"/a.mp4"},{"src":"/b.mp4"},{"src":"/d/c.m3u8"}]}}`, auth),
		"POST")
	if signed.StatusCode != 200 {
		t.Fatal(signed.body)
	}
	_, uri, _ := strings.Cut(signed.body, `"src":"https://one.example`)
	uri, _, _ = strings.Cut(uri, `"`)
	for _, r := range []struct {
		raw    string
		status int
	}{
		{post(`{"video":1}`, auth), 400},
		{post(seed), 401},
		{"GET /verify/auth-request/one HTTP/1.1\r\nHost: x\r\nX-Original-URI: " + uri + "\r\n\r\n", 200},
		{"GET /verify/auth-request/one HTTP/1.1\r\nHost: x\r\nX-Original-URI: /a.mp4\r\n\r\n", 401},
		{"GET /verify/auth-request/two HTTP/1.1\r\nHost: x\r\nX-Original-URI: /a.mp4\r\n\r\n", 200},
		{"GET /verify/auth-request/three HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		{"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		{renewal(`{"url":"https://one.example` + uri + `"}`), 403},
	} {
		if a := exchange(t, c, r.raw, "GET"); a.StatusCode != r.status {
			t.Fatalf("%q: %d", r.raw, a.StatusCode)
		}
	}
	m := adminGet(t, s, "/metrics")
	for _, line := range []string{
		`videotoken_requests_total{code="200",route="/video/token"} 1`,
		`videotoken_requests_total{code="400",route="/video/token"} 1`,
		`videotoken_requests_total{code="401",route="/video/token"} 1`,
		`videotoken_requests_total{code="200",route="/verify"} 2`,
		`videotoken_requests_total{code="404",route="/verify"} 1`,
		`videotoken_requests_total{code="404",route="other"} 1`,
		`videotoken_requests_total{code="200",route="/healthz"} 1`,
		`videotoken_requests_total{code="403",route="/video/renew"} 1`,
		`videotoken_request_duration_seconds_count{route="/video/token"} 3`,
		`videotoken_request_duration_seconds_bucket{route="/verify",le="+Inf"} 4`,
		`videotoken_tokens_total{cdn="one",kind="url"} 2`,
		`videotoken_tokens_total{cdn="one",kind="directory"} 1`,
		`videotoken_tokens_total{cdn="two",kind="url"} 0`,
		`videotoken_verifications_total{cdn="one",reason="ok"} 1`,
		`videotoken_verifications_total{cdn="one",reason="missing"} 1`,
		`videotoken_verifications_total{cdn="two",reason="missing"} 1`,
		`videotoken_would_refuse_total{cdn="two",reason="missing"} 1`,
		`videotoken_renewals_total{reason="not-renewable"} 1`, `videotoken_renewals_total{reason="ok"} 0`,
		fmt.Sprintf(`videotoken_signing_key_start_time_seconds{cdn="one",key="7"} %.9ge+09`, now/1e9),
		`videotoken_caller_refusals_total{caller=""} 1`,
		`videotoken_connections{by="loop"} 1`,
	} {
		if !strings.Contains(m, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if !strings.Contains(m, `videotoken_build_info{go_version="go`) ||
		!strings.Contains(m, `version="1.2.3"} 1`) {
		t.Error("the metrics lack the build")
	}
	check := exec.Command("promtool", "check", "metrics")
	_, text, _ := strings.Cut(m, "\n") // after the status
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	if t.Failed() {
		t.Log(m)
	}
}

// TestMetricsAreBounded: whatever clients send, there are no more series than before.
func TestMetricsAreBounded(t *testing.T) {
	s, _, addr, _ := watched(t, AccessLog{})
	series := func() int { return strings.Count(adminGet(t, s, "/metrics"), "\nvideotoken_") }
	ask := func(i int) {
		c := dial(t, addr)
		exchange(t, c, fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i), "GET")
		exchange(t, c, fmt.Sprintf("GET /verify/auth-request/%d HTTP/1.1\r\nHost: x\r\n"+
			"X-Original-URI: /%d?token=%d\r\n\r\n", i, i, i), "GET")
		exchange(t, c, fmt.Sprintf("M%d /video/token HTTP/1.1\r\nHost: x\r\n\r\n", i), "GET")
		exchange(t, c, post(seed, fmt.Sprintf("Authorization: Bearer %d", i)), "POST")
	}
	ask(0)
	before := series()
	for i := range 50 {
		ask(i)
	}
	if after := series(); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

// TestAccessLog: a line for each request says what it was, and nothing of its path, token or key,
// nor an address unless that is asked for.
func TestAccessLog(t *testing.T) {
	for _, addresses := range []bool{false, true} {
		_, l, addr, key := watched(t, AccessLog{Sample: 1, Addresses: addresses})
		c := dial(t, addr)
		const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		a := exchange(t, c, post(`{"video":{"sources":[{"src":"/secret-path.mp4"}]}}`,
			"Authorization: Bearer "+key, "X-Request-Id: abc.1-2_3", "Traceparent: "+trace), "POST")
		if a.Header.Get("X-Request-Id") != "abc.1-2_3" {
			t.Errorf("the request's id is not in %v", a.Header)
		}
		b := exchange(t, c, "GET /verify/auth-request/one HTTP/1.1\r\nHost: x\r\nX-Original-URI: "+
			"/secret-path.mp4?token=secret-token\r\nX-Request-Id: a b\r\nTraceparent: 00-x\r\n\r\n", "GET")
		made := b.Header.Get("X-Request-Id")
		if len(made) != 16 {
			t.Errorf("no id was made in %v", b.Header)
		}
		exchange(t, c, "WEIRD /secret-path HTTP/1.1\r\nHost: x\r\n\r\n", "GET")
		text := l.String()
		for _, want := range []string{
			fmt.Sprintf(`"level":"INFO","msg":"request","method":"POST","route":"/video/token","status":200,"bytes":%d,"us":`,
				len(a.body)),
			`"request_id":"abc.1-2_3","caller":"catalogue","cdn":"one","traceparent":"` + trace + `"`,
			`"method":"GET","route":"/verify","status":403,"bytes":`, `"request_id":"` +
				made + `","cdn":"one"`,
			`"method":"other","route":"other","status":404,"bytes":`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the log lacks %q:\n%s", want, text)
			}
		}
		if got := strings.Count(text, `"client":"127.0.0.1"}`); addresses && got != 3 ||
			!addresses && got != 0 {
			t.Errorf("%d addresses in\n%s", got, text)
		}
		for line := range strings.Lines(text) {
			var members struct{ Time time.Time }
			if err := json.Unmarshal([]byte(line), &members); err != nil ||
				time.Since(members.Time).Abs() > time.Hour {
				t.Errorf("%q: %v, %v", line, err, members.Time)
			}
		}
		for _, secret := range []string{"secret", key, "a b", "00-x", "WEIRD"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the log:\n%s", secret, text)
			}
		}
	}
}

// TestAccessLogSample: one of so many requests is logged, and only those get an id.
func TestAccessLogSample(t *testing.T) {
	_, l, addr, _ := watched(t, AccessLog{Sample: 10})
	c := dial(t, addr) // one connection is one loop, and so one part of the counter
	ids := 0
	for range 100 {
		if exchange(t, c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET").Header.Get(
			"X-Request-Id") != "" {
			ids++
		}
	}
	if lines := strings.Count(l.String(), `"msg":"request"`); lines != 10 || ids != 10 {
		t.Errorf("%d lines, %d ids", lines, ids)
	}
}

// TestRequestID: what is echoed is a header that stands there once, in letters that need no escape.
func TestRequestID(t *testing.T) {
	s, _, _, _ := watched(t, AccessLog{})
	for _, c := range []struct{ header, want string }{
		{"X-Request-Id: " + strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{"x-request-id: A.b_c-9", "A.b_c-9"},
		{"X-Request-Id: " + strings.Repeat("a", 65), ""},
		{"X-Request-Id: ", ""},
		{"X-Request-Id: a\r\nX-Request-Id: a", ""},
		{"X-Request-Id: a/b", ""},
		{"X-Request-Id: a,b", ""},
		{"Other: a", ""},
	} {
		a := exchange(t, dial(t, start(t, s)), "GET /healthz HTTP/1.1\r\nHost: x\r\n"+c.header+"\r\n\r\n",
			"GET")
		if got := a.Header.Get("X-Request-Id"); got != c.want {
			t.Errorf("%s: %q", c.header, got)
		}
	}
}

// TestTraceparent: W3C Trace Context, section 3.2.
func TestTraceparent(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if !isTraceparent([]byte(good)) {
		t.Error(good)
	}
	for _, bad := range []string{"", good[1:], good + "-", strings.ToUpper(good), "01" + good[2:],
		strings.Replace(good, "-b7", "_b7", 1),
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"} {
		if isTraceparent([]byte(bad)) {
			t.Error(bad)
		}
	}
}

// TestHistogram: each duration counts in the first bucket that is long enough.
func TestHistogram(t *testing.T) {
	h := newHistogram()
	for i, d := range bounds {
		h.observe(shard(i%shards), d)
		h.observe(shard(i%shards), d+1)
	}
	var text bytes.Buffer
	var m dto.Metric
	if err := h.metric(durationDesc, "x").Write(&m); err != nil {
		t.Fatal(err)
	}
	for i, b := range m.Histogram.Bucket {
		if got, want := b.GetCumulativeCount(), uint64(2*i+1); got != want ||
			b.GetUpperBound() != bounds[i].Seconds() {
			fmt.Fprintf(&text, "le %v: %d, want %d\n", b.GetUpperBound(), got, want)
		}
	}
	if text.Len() > 0 || m.Histogram.GetSampleCount() != uint64(2*len(bounds)) {
		t.Errorf("%s%v", text.String(), m.Histogram)
	}
}
