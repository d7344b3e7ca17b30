package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"videotoken/internal/revoked"
)

// TestRevoke: which bodies are taken, what is answered, and that it holds.
func TestRevoke(t *testing.T) {
	c := settings(t)
	none, _ := newServer(c)
	if w := ask(none, "POST", "/revoke", `{"session":"00112233aabbccdd"}`,
		jsonHeader); w.Code != 501 || !strings.Contains(w.Body.String(), "configure revocations") {
		t.Errorf("without revocations: %d %s", w.Code, w.Body)
	}
	c.Revoked = openRevoked(t, revoked.Config{})
	s, logged := newServer(c)
	const horizon = now + 24*3600
	for _, c := range []struct {
		body    string
		status  int
		answers string
	}{
		{`{"session":"00112233aabbccdd"}`, 200,
			fmt.Sprintf(`{"session":"00112233aabbccdd","until":%d}`, horizon)},
		{` { "until" : 1999999999 , "session" : "00112233AABBCCDE" } `, 200,
			`{"session":"00112233aabbccde","until":1999999999}`},
		{`{"session":"00112233aabbccdf","until":1999990000}`, 200, `"until":1999990000`},
		{`{"session":"00112233aabbccd0","until":1999989999}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd0","until":4294967296}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd0","until":0}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd0","until":"1999999999"}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd0","until":1e9}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd0","until":null}`, 400, `"pointer":"/until"`},
		{`{"session":"00112233aabbccd"}`, 400, `"pointer":"/session"`},
		{`{"session":"00112233aabbccd00"}`, 400, `"pointer":"/session"`},
		{`{"session":"00112233aabbccdg"}`, 400, `"pointer":"/session"`},
		{`{"session":"\u0030\u0030112233"}`, 400, `"pointer":"/session"`},
		{`{"session":112233445566778899}`, 400, `"pointer":"/session"`},
		{`{"until":1999999999}`, 400, `"pointer":"/session"`},
		{`{}`, 400, `"pointer":"/session"`},
		{`{"session":"00112233aabbccd0","session":"00112233aabbccd0"}`, 400, "nothing else"},
		{`{"Session":"00112233aabbccd0"}`, 400, "nothing else"},
		{`{"session":"00112233aabbccd0","until":1999999999,"more":1}`, 400, "nothing else"},
		{`{"session":"00112233aabbccd0"}x`, 400, "nothing else"},
		{`{"session":"00112233aabbccd0"}{}`, 400, "nothing else"},
		{`{"session":"00112233aabbccd0"`, 400, "nothing else"},
		{`["00112233aabbccd0"]`, 400, "nothing else"},
		{``, 400, "nothing else"},
		{`{"session":"` + strings.Repeat("0", maxAdminBody) + `"}`, 413, "4 KiB at most"},
	} {
		if w := ask(s, "POST", "/revoke", c.body, jsonHeader); w.Code != c.status ||
			!strings.Contains(w.Body.String(), c.answers) {
			t.Errorf("%.80s: %d %s, want %d", c.body, w.Code, w.Body, c.status)
		}
	}
	if got := c.Revoked.Stats(); got.Revoked != 3 || got.Sessions != 3 {
		t.Errorf("%+v", got)
	}
	if s := logged.String(); !strings.Contains(s,
		"msg=\"admin: revoke\" outcome=done peer=192.0.2.1:1234 by=anybody session=00112233aabbccdd") {
		t.Error(s)
	}
	metrics := ask(s, "GET", "/metrics", "").Body.String()
	for _, m := range []string{"videotoken_revoked_sessions 3", "videotoken_revoked_loaded 1",
		"videotoken_revocations_total 3", "videotoken_revocations_refused_total 0"} {
		if !strings.Contains(metrics, "\n"+m+"\n") {
			t.Errorf("no metric %s", m)
		}
	}

	// A session is revoked for as long as a token of any configuration so far can be good.
	shorter := settings(t)
	shorter.Signer.MaxTTL = 60
	s.Use(shorter)
	if w := ask(s, "POST", "/revoke", `{"session":"00112233aabbcc00"}`,
		jsonHeader); !strings.Contains(w.Body.String(), fmt.Sprint(horizon)) {
		t.Error(w.Body)
	}
}

// TestListRevoked: all sessions in pages, by the next of each.
func TestListRevoked(t *testing.T) {
	c := settings(t)
	s, _ := newServer(c)
	list := func(query string) (sessions []string, next int64, more bool) {
		t.Helper()
		w := ask(s, "GET", "/revoked"+query, "")
		var a struct {
			Revoked []entry
			Next    int64
			More    bool
		}
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 ||
			w.Header().Get("Content-Type") != "application/json" || a.Revoked == nil {
			t.Fatalf("%d %v %s, %v", w.Code, w.Header(), w.Body, err)
		}
		for _, e := range a.Revoked {
			sessions = append(sessions, e.Session)
		}
		return sessions, a.Next, a.More
	}
	if got, _, more := list(""); len(got) != 0 || more {
		t.Errorf("without revocations: %q", got)
	}
	c.Revoked = openRevoked(t, revoked.Config{})
	s, _ = newServer(c)
	for i := range byte(3) {
		if err := c.Revoked.Revoke(context.Background(), [8]byte{7: i}, now+100); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"0000000000000000", "0000000000000001", "0000000000000002"}
	if got, next, more := list("?since=0"); !slices.Equal(got, want) || next <= 0 || more {
		t.Errorf("%q, %d, %v", got, next, more)
	}
	for _, since := range []string{"x", "-1", "1.5", "99999999999999999999"} {
		if w := ask(s, "GET", "/revoked?since="+since, ""); w.Code != 400 {
			t.Errorf("since=%s: %d", since, w.Code)
		}
	}
}

// session is the one of the tests' tokens.
const session = "00112233aabbccdd"

// document is a request for a token with the session, or without one.
func document(withSession bool) string {
	if withSession {
		return `{"token":{"session":"` + session + `"},` + seed[1:]
	}
	return seed
}

// post asks for tokens.
func postVideo(tb testing.TB, addr, body string) (status int, answer string, header http.Header) {
	tb.Helper()
	res, err := http.Post("http://"+addr+"/video/token", "application/json", strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// verifyAs asks /verify about a target of a CDN.
func verifyAs(tb testing.TB, addr, cdn, target string) (status int, reason string) {
	tb.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+"/verify/auth-request/"+cdn, nil)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("X-Original-URI", target)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode, res.Header.Get("X-Token-Reason")
}

// signedTarget returns the CDN and the path and query of the first URL of an answer.
func signedTarget(tb testing.TB, answer string) (cdn, target string) {
	tb.Helper()
	_, rest, ok := strings.Cut(answer, `"src":"https://`)
	url, _, _ := strings.Cut(rest, `"`)
	host, path, _ := strings.Cut(url, "/")
	cdn = map[string]string{"d111.cloudfront.net": "aws-1", "d222.cloudfront.net": "aws-2"}[host]
	if !ok || cdn == "" {
		tb.Fatal(answer)
	}
	return cdn, "/" + path
}

// TestRevoked: a session's tokens are refused once it is revoked, and nothing is signed for it; all
// other tokens go on.
func TestRevoked(t *testing.T) {
	c := settings(t)
	c.Revoked = openRevoked(t, revoked.Config{Grace: 10})
	c.Signer.Revoked = c.Revoked
	s, _ := newServer(c)
	addr := start(t, s)
	_, with, _ := postVideo(t, addr, document(true))
	_, without, _ := postVideo(t, addr, document(false))
	check := func(withStatus int, withReason string) {
		t.Helper()
		cdn, target := signedTarget(t, with)
		if status, reason := verifyAs(t, addr, cdn, target); status != withStatus ||
			reason != withReason {
			t.Errorf("with the session: %d %s, want %d %s", status, reason, withStatus, withReason)
		}
		cdn, target = signedTarget(t, without)
		if status, reason := verifyAs(t, addr, cdn, target); status != 200 {
			t.Errorf("without a session: %d %s", status, reason)
		}
	}
	check(200, "")
	if w := ask(s, "POST", "/revoke", `{"session":"`+session+`"}`, jsonHeader); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	check(403, "revoked")
	if status, answer, _ := postVideo(t, addr, document(true)); status != 403 ||
		!strings.Contains(answer, `"pointer":"/token/session"`) {
		t.Errorf("signing for it: %d %s", status, answer)
	}
	if status, answer, _ := postVideo(t, addr, document(false)); status != 200 {
		t.Errorf("signing without a session: %d %s", status, answer)
	}
}

// TestNotLoaded: while it is not known which sessions are revoked, tokens with a session are 503,
// and the service is not ready. All others go on.
func TestNotLoaded(t *testing.T) {
	c := settings(t)
	other, _ := newServer(settings(t))
	_, with, _ := postVideo(t, start(t, other), document(true))
	c.Revoked = openRevoked(t, revoked.Config{Redis: "redis://127.0.0.1:1"}) // nobody listens there
	c.Signer.Revoked = c.Revoked
	s, _ := newServer(c)
	addr := start(t, s)
	cdn, target := signedTarget(t, with)
	if status, reason := verifyAs(t, addr, cdn, target); status != 503 || reason != "not-loaded" {
		t.Errorf("verify: %d %s", status, reason)
	}
	if status, answer, header := postVideo(t, addr, document(true)); status != 503 ||
		header.Get("Retry-After") == "" {
		t.Errorf("sign: %d %s", status, answer)
	}
	status, answer, _ := postVideo(t, addr, document(false))
	if cdn, target := signedTarget(t, answer); status != 200 {
		t.Errorf("sign without a session: %d", status)
	} else if status, reason := verifyAs(t, addr, cdn, target); status != 200 {
		t.Errorf("verify without a session: %d %s", status, reason)
	}
	if res, err := http.Get("http://" + addr + "/readyz"); err != nil || res.StatusCode != 503 {
		t.Errorf("readyz: %v, %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200, "/revoked": 503} {
		if w := ask(s, "GET", path, ""); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(s, "POST", "/revoke", `{"session":"`+session+`"}`, jsonHeader); w.Code != 503 ||
		!strings.Contains(w.Body.String(), "not revoked") {
		t.Errorf("revoke: %d %s", w.Code, w.Body)
	}
}

// FuzzRevocation: a body is taken if encoding/json reads the same of it, and never panics.
func FuzzRevocation(f *testing.F) {
	for _, seed := range []string{`{"session":"00112233aabbccdd"}`,
		`{"until":1,"session":"00112233aabbccdd"}`, `{"session":"x"}`, `{}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		session, until, pointer := parseRevocation(body)
		if pointer != "" {
			return
		}
		var e struct {
			Session string
			Until   int64
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || !strings.EqualFold(e.Session, fmt.Sprintf("%x", session)) ||
			e.Until != until {
			t.Errorf("%q: %x, %d; %+v, %v", body, session, until, e, err)
		}
	})
}
