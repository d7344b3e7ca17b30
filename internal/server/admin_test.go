package server

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videotoken/internal/caller"
	"videotoken/internal/revoked"
)

// ask sends a request to the admin endpoints of a server. Headers are "Name: value" lines; a Host
// that they do not name is the loopback interface's.
func ask(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:9302"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, r)
	return w
}

const jsonHeader = "Content-Type: application/json"

func openRevoked(tb testing.TB, c revoked.Config) *revoked.Set {
	tb.Helper()
	if c.Now == nil {
		c.Now = func() time.Time { return time.Unix(now, 0) }
	}
	if c.Redis == "" {
		c.File = filepath.Join(tb.TempDir(), "revoked")
	}
	set, err := revoked.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(set.Close)
	return set
}

// TestAdminGuard: what each endpoint demands of a request, without a key and with one.
func TestAdminGuard(t *testing.T) {
	key, err := caller.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hash := caller.HashOf([]byte(key))
	other, err := caller.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := settings(t)
	c.Reload = func() error { return nil }
	c.Admin.Hosts = []string{"videotoken-1.internal", "[2001:db8::7]", "10.0.0.5"}
	open, _ := newServer(c)
	c.Admin.Key = &hash
	closed, logged := newServer(c)
	bearer := "Authorization: Bearer " + key
	for _, c := range []struct {
		name, method, path string
		headers            []string
		open, closed       int // the status without a key in the configuration, and with one
	}{
		{"metrics", "GET", "/metrics", []string{"Host: anything"}, 200, 200},
		{"health", "GET", "/healthz", []string{"Host: anything"}, 200, 200},
		{"ready", "GET", "/readyz", []string{"Host: anything"}, 200, 200},
		{"version", "GET", "/version", []string{"Host: anything"}, 200, 200},
		{"nowhere", "GET", "/nowhere", nil, 404, 404},
		{"the root", "GET", "/", nil, 404, 404},
		{"another method", "GET", "/reload", nil, 405, 405},
		{"options", "OPTIONS", "/metrics", nil, 405, 405},

		{"reload", "POST", "/reload", []string{jsonHeader}, 200, 401},
		{"with the key", "POST", "/reload", []string{jsonHeader, bearer}, 200, 200},
		{"in another case", "POST", "/reload", []string{jsonHeader, "authorization: bEARER " + key}, 200,
			200},
		{"another key", "POST", "/reload", []string{jsonHeader, "Authorization: Bearer " + other}, 200,
			401},
		{"another scheme", "POST", "/reload", []string{jsonHeader, "Authorization: Basic " + key}, 200,
			401},
		{"no scheme", "POST", "/reload", []string{jsonHeader, "Authorization: " + key}, 200, 401},
		{"two keys", "POST", "/reload", []string{jsonHeader, bearer, bearer}, 200, 401},
		{"the hash", "POST", "/reload", []string{jsonHeader, "Authorization: Bearer " + hash.String()},
			200, 401},
		{"a form", "POST", "/reload", []string{"Content-Type: text/plain", bearer}, 415, 415},
		{"no type", "POST", "/reload", []string{bearer}, 415, 415},
		{"a page", "POST", "/reload", []string{jsonHeader, bearer, "Origin: http://127.0.0.1:9302"}, 403,
			403},
		{"a page without an origin", "POST", "/reload", []string{jsonHeader, bearer, "Origin: null"}, 403,
			403},
		{"a name that leads here", "POST", "/reload",
			[]string{jsonHeader, bearer, "Host: evil.example:9302"}, 403, 403},
		{"localhost", "POST", "/reload", []string{jsonHeader, bearer, "Host: LocalHost"}, 200, 200},
		{"IPv6", "POST", "/reload", []string{jsonHeader, bearer, "Host: [::1]:9302"}, 200, 200},
		{"IPv6 without a port", "POST", "/reload", []string{jsonHeader, bearer, "Host: [::1]"}, 200, 200},
		{"a configured name", "POST", "/reload",
			[]string{jsonHeader, bearer, "Host: Videotoken-1.internal:9302"}, 200, 200},
		{"a configured address", "POST", "/reload", []string{jsonHeader, bearer, "Host: 10.0.0.5:9302"},
			200, 200},
		{"a configured IPv6", "POST", "/reload",
			[]string{jsonHeader, bearer, "Host: [2001:db8:0::7]:9302"}, 200, 200},
		{"another address", "POST", "/reload", []string{jsonHeader, bearer, "Host: 10.0.0.6:9302"}, 403,
			403},
		{"a name that looks local", "POST", "/reload",
			[]string{jsonHeader, bearer, "Host: 127.0.0.1.evil.example"}, 403, 403},
		{"localhost's child", "POST", "/reload", []string{jsonHeader, bearer, "Host: a.localhost"}, 403,
			403},

		{"pprof", "GET", "/debug/pprof/", nil, 200, 401},
		{"pprof with the key", "GET", "/debug/pprof/cmdline", []string{bearer, "Host: 10.0.0.6"}, 403,
			200},
		{"a profile", "GET", "/debug/pprof/goroutine?debug=1", []string{bearer}, 200, 200},
		{"no profile", "GET", "/debug/pprof/nowhere", []string{bearer}, 404, 404},
		{"no profile without the key", "GET", "/debug/pprof/nowhere", nil, 404, 401},
		{"symbols", "POST", "/debug/pprof/symbol", []string{jsonHeader, bearer}, 405, 405},
		{"list", "GET", "/revoked", nil, 200, 401},
		{"list with the key", "GET", "/revoked", []string{bearer, "Host: anything"}, 403, 200},
		{"list for a page", "GET", "/revoked", []string{bearer, "Origin: http://a.example"}, 403, 403},
		{"revoke", "POST", "/revoke", []string{jsonHeader}, 400, 401},
	} {
		for name, w := range map[string]*httptest.ResponseRecorder{
			"open":   ask(open, c.method, c.path, "", c.headers...),
			"closed": ask(closed, c.method, c.path, "", c.headers...),
		} {
			want := map[string]int{"open": c.open, "closed": c.closed}[name]
			if w.Code != want {
				t.Errorf("%s, %s: %d %s, want %d", c.name, name, w.Code, w.Body, want)
			}
			if w.Code == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s: no challenge", c.name)
			}
			if w.Code/100 == 4 {
				isProblem(t, c.name, w)
			}
		}
	}
	if s := logged.String(); strings.Contains(s, key) || strings.Contains(s, other) ||
		!strings.Contains(s, "admin: refused") ||
		!strings.Contains(s, `msg="admin: reload" outcome=done`) {
		t.Error(s)
	}
	// A key is changed by a reload.
	c.Admin.Key = nil
	closed.Use(c)
	if w := ask(closed, "POST", "/reload", "", jsonHeader); w.Code != 200 {
		t.Errorf("without the key: %d", w.Code)
	}
}

// isProblem demands that an answer is an error of the service (RFC 9457), and that 405 says what is
// allowed (RFC 9110, section 15.5.6).
func isProblem(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	var got struct {
		Title, Detail string
		Status        int
	}
	err := json.Unmarshal(w.Body.Bytes(), &got)
	if err != nil || got.Status != w.Code || got.Title == "" || got.Detail == "" ||
		w.Header().Get("Content-Type") != problemType || w.Header().Get("Cache-Control") != "no-store" ||
		(w.Header().Get("Allow") != "") != (w.Code == 405) {
		t.Errorf("%s: %v, %d %v\n%s", name, err, w.Code, w.Header(), w.Body)
	}
}

// TestAdminAllow: 405 names the methods that the path has, and 503 says why.
func TestAdminAllow(t *testing.T) {
	s, _ := newServer(settings(t))
	for path, want := range map[string]string{
		"/metrics": "GET, HEAD", "/revoke": "POST", "/reload": "POST", "/debug/pprof/heap": "GET, HEAD",
	} {
		w := ask(s, "DELETE", path, "")
		if isProblem(t, path, w); w.Code != 405 || w.Header().Get("Allow") != want {
			t.Errorf("%s: %d, Allow %q, want %q", path, w.Code, w.Header().Get("Allow"), want)
		}
	}
	s.draining.Store(true)
	w := ask(s, "GET", "/readyz", "")
	if isProblem(t, "draining", w); w.Code != 503 ||
		!strings.Contains(w.Body.String(), "shutting down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestReload: POST /reload says what became of it, and metrics say it too.
func TestReload(t *testing.T) {
	c := settings(t)
	none, _ := newServer(c)
	if w := ask(none, "POST", "/reload", "", jsonHeader); w.Code != 501 {
		t.Errorf("without a configuration: %d", w.Code)
	}
	var failure error
	var s *Server
	c.Reload = func() error { s.Reloaded(failure); return failure }
	s, _ = newServer(c)
	check := func(status int, body string, metrics ...string) {
		t.Helper()
		if w := ask(s, "POST", "/reload", "", jsonHeader); w.Code != status ||
			!strings.Contains(w.Body.String(), body) {
			t.Errorf("%d %s, want %d", w.Code, w.Body, status)
		}
		got := ask(s, "GET", "/metrics", "").Body.String()
		for _, m := range metrics {
			if !strings.Contains(got, "\n"+m+"\n") {
				t.Errorf("no metric %s", m)
			}
		}
	}
	check(200, `{"reloaded":true}`, `videotoken_config_reloads_total{result="success"} 1`,
		"videotoken_config_last_reload_successful 1",
		fmt.Sprintf("videotoken_config_last_reload_success_timestamp_seconds %v", float64(now)))
	failure = errors.New("line 3, column 4: cdns: is missing")
	check(422, `stays as it was: line 3, column 4: cdns: is missing"`,
		`videotoken_config_reloads_total{result="failure"} 1`,
		"videotoken_config_last_reload_successful 0")
}

// TestVersion: the admin endpoint says what runs.
func TestVersion(t *testing.T) {
	c := settings(t)
	c.Build = Build{Version: "v1", Go: "go1"}
	s, _ := newServer(c)
	if w := ask(s, "GET", "/version",
		""); strings.TrimSpace(w.Body.String()) != `{"version":"v1","go":"go1","os":"","arch":""}` {
		t.Error(w.Body)
	}
}
