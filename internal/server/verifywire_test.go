package server

import (
	"strings"
	"testing"
)

// TestVerifyTrailer shows that the fields after a body are no headers: an edge may pass the
// client's on.
func TestVerifyTrailer(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		c := edgeSettings(t)
		c.Transport = transport
		_, addr := edgeServer(t, edgeNow, c)
		for name, lines := range map[string][]string{
			"path": {"Transfer-Encoding: chunked", "Trailer: X-Original-URI", "", "0",
				"X-Original-URI: " + edgeExact},
			"": {"X-Original-URI: " + edgeExact, "Transfer-Encoding: chunked", "", "0",
				"X-Original-URI: /"},
		} {
			res, _ := edgeAsk(t, addr, "POST", "/verify/auth-request/one", lines...)
			if got := res.Header.Get("X-Token-Reason"); got != name ||
				(res.StatusCode == 200) != (name == "") {
				t.Errorf("%s: %q: answered %d %q", transport, lines, res.StatusCode, got)
			}
		}
		c.ClientAddress = XForwardedFor
		_, addr = edgeServer(t, edgeNow, c)
		res, _ := edgeAsk(t, addr, "POST", "/verify/auth-request/one", "X-Original-URI: "+edgeBound,
			"Transfer-Encoding: chunked", "", "0", "X-Forwarded-For: 203.0.113.7")
		if res.StatusCode < 400 || res.StatusCode > 499 {
			t.Errorf("%s: X-Forwarded-For after the body: %d", transport, res.StatusCode)
		}
		const player = "Origin: https://player.example"
		for name, lines := range map[string][]string{
			"https://player.example": {player, "Transfer-Encoding: chunked", "", "0"},
			"":                       {"Transfer-Encoding: chunked", "Trailer: Origin", "", "0", player},
		} {
			res, _ := edgeAsk(t, addr, "POST", "/video/token", lines...)
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != name {
				t.Errorf("%s: %q: Access-Control-Allow-Origin: %q", transport, lines, got)
			}
		}
	}
}

// TestVerifyNotHTTP has requests that are refused before anything looks at their headers.
func TestVerifyNotHTTP(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for name, line := range map[string]string{
		"NUL":           "X-Original-URI: " + edgeExact + "\x00",
		"control":       "X-Original-URI: " + edgeExact + "\x01",
		"carriage":      "X-Original-URI: " + edgeExact + "\rX: y",
		"folded":        "X-Original-URI: " + edgeFilm + "\r\n " + edgeExact[len(edgeFilm):],
		"space in name": "X-Original-URI : " + edgeExact,
		"space before":  " X-Original-URI: " + edgeExact,
		"too long":      "X-Original-URI: " + edgeExact + "&" + strings.Repeat("a", MaxHeader),
	} {
		t.Run(name, func(t *testing.T) {
			if res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/one", line); res.StatusCode < 400 ||
				res.StatusCode > 499 {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
}
