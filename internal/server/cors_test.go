package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// newPreflight is what a browser asks before a POST with a JSON body.
func newPreflight(origin string) string {
	return "OPTIONS /video/token HTTP/1.1\r\nHost: x\r\nOrigin: " + origin +
		"\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"
}

func TestCORS(t *testing.T) {
	const player = "https://player.example"
	one := CORS{Origins: []string{player}, MaxAge: 86400}
	every := CORS{Origins: []string{"*"}, MaxAge: 0}
	several := CORS{Origins: []string{"https://*.example", "http://*.dev.example:8080", "null",
		"capacitor://localhost"}, MaxAge: 60}
	credentials := CORS{Origins: []string{player}, Headers: []string{"Authorization", "X-Request-Id"},
		Credentials: true, MaxAge: 600}
	unsafe := CORS{Origins: []string{"*", "null", "https://*.example", player}, Credentials: true}
	for _, c := range []struct {
		name      string
		cors      CORS
		origin    string
		allowed   string // the value of Access-Control-Allow-Origin
		preflight string // the values of Access-Control-Allow-Methods, -Headers, and -Max-Age
	}{
		{"allowed", one, player, player, "POST|Content-Type|86400"},
		{"another", one, "https://evil.example", "", ""},
		{"a prefix", one, player + ".evil", "", ""},
		{"a suffix", one, "https://x.player.example", "", ""},
		{"another case", one, "https://PLAYER.example", "", ""},
		{"null is not configured", one, "null", "", ""},
		{"every", every, "https://a.example", "*", "POST|Content-Type|0"},
		{"every, null", every, "null", "*", "POST|Content-Type|0"},
		{"none configured", CORS{}, player, "", ""},
		{"a label", several, "https://a-1.example", "https://a-1.example", "POST|Content-Type|60"},
		{"a label and a port", several, "http://x.dev.example:8080", "http://x.dev.example:8080",
			"POST|Content-Type|60"},
		{"another port", several, "http://x.dev.example", "", ""},
		{"two labels", several, "https://a.b.example", "", ""},
		{"no label", several, "https://.example", "", ""},
		{"no label and no dot", several, "https://example", "", ""},
		{"a label with another host", several, "https://evil.com/.example", "", ""},
		{"a label with user info", several, "https://evil@.example", "", ""},
		{"a label in upper case", several, "https://A.example", "", ""},
		{"another scheme", several, "http://a.example", "", ""},
		{"null", several, "null", "null", "POST|Content-Type|60"},
		{"an app", several, "capacitor://localhost", "capacitor://localhost", "POST|Content-Type|60"},
		{"credentials", credentials, player, player,
			"POST|Content-Type, Authorization, X-Request-Id|600"},
		{"credentials for another", credentials, "https://evil.example", "", ""},
		{"credentials with *", unsafe, "https://evil.test", "", ""},
		{"credentials with null", unsafe, "null", "", ""},
		{"credentials with a wildcard", unsafe, "https://evil.example", "", ""},
		{"credentials with all of them", unsafe, player, player, "POST|Content-Type|0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			with := settings(t)
			with.CORS = c.cors
			s, _ := newServer(with)
			conn := dial(t, start(t, s))
			vary := "Origin"
			if len(c.cors.Origins) == 0 || c.cors.Origins[0] == "*" && !c.cors.Credentials {
				vary = ""
			}
			check := func(a answer, vary string) {
				t.Helper()
				allowsCredentials := ""
				if c.cors.Credentials && c.allowed != "" {
					allowsCredentials = "true"
				}
				got := fmt.Sprintf("%q %q %q", a.Header.Values("Access-Control-Allow-Origin"),
					a.Header.Get("Access-Control-Allow-Credentials"), a.Header.Get("Vary"))
				want := fmt.Sprintf("%q %q %q", values(c.allowed), allowsCredentials, vary)
				if got != want {
					t.Errorf("%d: got %s; want %s", a.StatusCode, got, want)
				}
			}
			varyPreflight := ""
			if len(c.cors.Origins) > 0 {
				varyPreflight = strings.TrimPrefix(vary+
					", Access-Control-Request-Method, Access-Control-Request-Headers", ", ")
			}
			a := exchange(t, conn, newPreflight(c.origin), "OPTIONS")
			check(a, varyPreflight)
			got := a.Header.Get("Access-Control-Allow-Methods") + "|" +
				a.Header.Get("Access-Control-Allow-Headers") + "|" + a.Header.Get("Access-Control-Max-Age")
			if a.StatusCode != 204 || got != c.preflight && got != c.preflight+"||" {
				t.Errorf("preflight: %d, %q; want %q", a.StatusCode, got, c.preflight)
			}
			check(exchange(t, conn, post(seed, "Origin: "+c.origin), "POST"), vary)
			check(exchange(t, conn, post("{}", "Origin: "+c.origin), "POST"), vary) // errors can be read too
			check(exchange(t, conn, post(strings.Repeat(" ", MaxBody+1), "Origin: "+c.origin), "POST"), vary)
		})
	}
}

// values are the fields of a header with the value, which has none if it is empty.
func values(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// TestCORSVaries: an answer without an origin is no answer for a page, and caches must know.
func TestCORSVaries(t *testing.T) {
	s, _ := newServer(settings(t))
	a := exchange(t, dial(t, start(t, s)), post(seed), "POST")
	if a.StatusCode != 200 || a.Header.Get("Vary") != "Origin" ||
		a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d, %v", a.StatusCode, a.Header)
	}
}

// TestNoPreflight: OPTIONS without Access-Control-Request-Method is no preflight and grants
// nothing.
func TestNoPreflight(t *testing.T) {
	s, _ := newServer(settings(t))
	raw := strings.Replace(newPreflight("https://player.example"),
		"Access-Control-Request-Method: POST\r\n", "", 1)
	a := exchange(t, dial(t, start(t, s)), raw, "OPTIONS")
	if a.StatusCode != 204 || a.Header.Get("Allow") != "OPTIONS, POST" ||
		a.Header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("%d, %v", a.StatusCode, a.Header)
	}
}

// TestCORSNoAllocations: whatever the origin is, and however it is configured.
func TestCORSNoAllocations(t *testing.T) {
	for name, c := range map[string]CORS{
		"exact":       {Origins: []string{"https://a.example", "https://player.example"}},
		"every":       {Origins: []string{"*"}},
		"wildcard":    {Origins: []string{"https://a.example", "https://*.example"}},
		"credentials": {Origins: []string{"https://player.example"}, Credentials: true},
	} {
		for _, origin := range []string{"https://player.example", "https://evil.test"} {
			made := newCORS(c)
			var ctx fasthttp.RequestCtx
			request := newRequest([]byte(seed))
			request.Header.Set("Origin", origin)
			ctx.Init(request, nil, nil)
			if n := testing.AllocsPerRun(100, func() {
				ctx.Response.Reset()
				made.annotate(&ctx)
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations", name, origin, n)
			}
		}
	}
}
