package e2e

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// check asserts what holds of every request: only what was verified was served, the origin saw its
// own host, and the questions to the service had no body.
func check(t *testing.T, e *stack.Edge, a answer, asked []stack.Exchange, served []originRequest) {
	t.Helper()
	for _, r := range served {
		if strings.Contains(r.target, "token=") || strings.Contains(r.target, "~") {
			t.Errorf("the token went to the origin: %s", r.target)
		}
		if r.host != e.OriginHost {
			t.Errorf("the origin was asked as %q; want %q", r.host, e.OriginHost)
		}
		if e.Name == "worker" {
			continue // it verifies and fetches the same string, and asks nobody
		}
		if !slices.ContainsFunc(asked, func(x stack.Exchange) bool {
			return x.Status == 200 && same(e, r.target, x.Path)
		}) {
			t.Errorf("served %s, which was not verified: %+v", r.target, asked)
		}
	}
	if len(asked) > 1 {
		t.Errorf("the service was asked %d times: %+v", len(asked), asked)
	}
	for _, x := range asked {
		if x.Body {
			t.Errorf("the question has a body: %+v", x)
		}
		for name := range x.Header {
			// Caddy cannot leave the client's out
			if e.Name != "caddy" && !slices.Contains(questionHeaders, name) {
				t.Errorf("the question has the header %s", name)
			}
		}
	}
	if bytes.Contains(a.body, []byte("secret")) && bytes.HasPrefix(a.body, []byte("/")) {
		t.Errorf("served the secret file: %.40q", a.body)
	}
}

// questionHeaders are the headers that an edge sends to the service: none is the client's.
var questionHeaders = []string{"X-Original-Uri", "X-Real-Ip", "User-Agent", "Accept"}

// same reports whether an edge's target is the path and query that was to be served. Caddy spells
// some letters of a path in its own way.
func same(e *stack.Edge, target, want string) bool {
	if e.Name != "caddy" {
		return target == want
	}
	pathA, queryA, _ := strings.Cut(target, "?")
	pathB, queryB, _ := strings.Cut(want, "?")
	canonicalA, errA := token.Canonical(nil, []byte(pathA))
	canonicalB, errB := token.Canonical(nil, []byte(pathB))
	return errA == nil && errB == nil && bytes.Equal(canonicalA, canonicalB) && queryA == queryB
}

// checkHeaders asserts the headers of an answer that depend on its method and its status alone. The
// origin sends CORS headers of its own, of which none may be left.
func checkHeaders(t *testing.T, method string, a answer) {
	t.Helper()
	want := map[string]string{
		"Access-Control-Allow-Origin":      playerOrigin,
		"Access-Control-Expose-Headers":    "X-Token-Reason",
		"Access-Control-Allow-Credentials": "",
		"Access-Control-Allow-Methods":     "",
		"Access-Control-Allow-Headers":     "",
		"Access-Control-Max-Age":           "",
	}
	if method == "OPTIONS" {
		want["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
		want["Access-Control-Allow-Headers"] = "Range, CMCD-Request, CMCD-Object, CMCD-Status, " +
			"CMCD-Session"
		want["Access-Control-Max-Age"] = "86400"
	}
	switch a.status {
	case 401:
		want["WWW-Authenticate"] = "videotoken"
	case 405:
		want["Allow"] = "GET, HEAD, OPTIONS"
	}
	for name, value := range want {
		got := a.header.Values(name)
		if value == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q; want %q, once", name, got, value)
		}
	}
}
