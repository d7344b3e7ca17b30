package server

import (
	"strings"
	"testing"

	"videotoken/internal/caller"
)

// apiKey makes an API key of 32 equal bytes, and its entry.
func apiKey(t testing.TB, b byte, c caller.Caller) (string, caller.Entry) {
	t.Helper()
	key, err := caller.NewKey(strings.NewReader(strings.Repeat(string(rune(b)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key, caller.Entry{Hash: caller.HashOf([]byte(key)), Caller: c}
}

// TestCallers: who may ask, over a connection.
func TestCallers(t *testing.T) {
	path, err := caller.ParsePath("/films/")
	if err != nil {
		t.Fatal(err)
	}
	old, first := apiKey(t, 'a',
		caller.Caller{Name: "films", Paths: caller.Paths{path}, MaxTTL: caller.Unlimited})
	fresh, second := apiKey(t, 'b', first.Caller)
	stranger, _ := apiKey(t, 'c', caller.Caller{})
	callers, err := caller.New([]caller.Entry{first, second})
	if err != nil {
		t.Fatal(err)
	}
	config := settings(t)
	config.Callers = callers
	s, _ := newServer(config)
	addr := start(t, s)
	const film, other = `{"video":{"sources":[{"src":"/films/a.mp4"}]}}`,
		`{"video":{"sources":[{"src":"/live/a.mp4"}]}}`
	for _, tt := range []struct {
		authorization []string
		body          string
		status        int
		challenge     string
	}{
		{[]string{"Bearer " + old}, film, 200, ""},
		{[]string{"bearer " + fresh}, film, 200, ""},
		{[]string{"Bearer " + old}, other, 403, ""},
		{[]string{"Bearer " + stranger}, film, 401, `Bearer realm="videotoken", error="invalid_token"`},
		{[]string{"Bearer " + old + "x"}, film, 401, `Bearer realm="videotoken", error="invalid_token"`},
		{[]string{"Bearer  " + old}, film, 401, `Bearer realm="videotoken", error="invalid_token"`},
		{[]string{"Basic " + old}, film, 401, `Bearer realm="videotoken", error="invalid_token"`},
		{[]string{old}, film, 401, `Bearer realm="videotoken", error="invalid_token"`},
		{[]string{"Bearer " + old, "Bearer " + old}, film, 401,
			`Bearer realm="videotoken", error="invalid_token"`},
		{nil, film, 401, `Bearer realm="videotoken"`},
		{nil, "nonsense", 401, `Bearer realm="videotoken"`},
	} {
		var headers []string
		for _, a := range tt.authorization {
			headers = append(headers, "Authorization: "+a)
		}
		got := exchange(t, dial(t, addr), post(tt.body, headers...), "POST")
		if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode != tt.status ||
			challenge != tt.challenge {
			t.Errorf("%.20q: %d, %q; want %d, %q", tt.authorization, got.StatusCode, challenge, tt.status,
				tt.challenge)
		}
		if tt.status == 403 {
			checkProblem(t, got, 403, "is outside the paths that this API key is for",
				"/video/sources/0/src")
		} else if tt.status == 401 {
			checkProblem(t, got, 401, "API key", "")
		}
		for _, key := range []string{old, fresh, stranger} {
			if strings.Contains(got.body, key) {
				t.Errorf("the answer repeats a key: %s", got.body)
			}
		}
	}
	m := adminGet(t, s, "/metrics")
	for _, line := range []string{`videotoken_caller_refusals_total{caller="films"} 1`,
		`videotoken_caller_refusals_total{caller=""} 8`} {
		if !strings.Contains(m, line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
}
