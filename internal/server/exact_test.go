package server

import (
	"net/http"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// signQuery makes a token of the vectors' key 7 for a path and the query before it.
func signQuery(t *testing.T, path, query string, depth int) string {
	t.Helper()
	seven, _ := vectorKeys(t)
	canonical, err := token.Canonical(nil, []byte(path))
	if err != nil {
		t.Fatal(err)
	}
	var signed []byte
	if query != "" {
		signed = []byte(query)
	}
	text, err := seven.Append(nil, &token.Claims{Expiry: 2000000000, Depth: depth}, canonical, signed)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// oneCDN serves one CDN with the vectors' key 7, called one.
func oneCDN(t *testing.T, c cdn.CDN) (s *Server, addr string) {
	t.Helper()
	seven, _ := vectorKeys(t)
	settings := edgeSettings(t)
	c.Name, c.Weight, c.Keys = "one", 1, token.Keys{seven}
	if c.URL == "" {
		c.URL = "https://one.example"
	}
	settings.Signer = settingsFor(t, c).Signer
	return edgeServer(t, edgeNow, settings)
}

func checkAnswer(t *testing.T, res *http.Response, status int, reason, path string) {
	t.Helper()
	if h := res.Header; res.StatusCode != status || h.Get("X-Token-Reason") != reason ||
		h.Get("X-Token-Path") != path || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v; want %d %q %q", res.StatusCode, h, status, reason, path)
	}
}

// TestVerifyExact asks for an edge that passes requests on as they came: whatever it would serve
// that was not verified is refused, and without exact_requests it is not.
func TestVerifyExact(t *testing.T) {
	_, exact := oneCDN(t, cdn.CDN{ExactRequests: true})
	_, usual := oneCDN(t, cdn.CDN{})
	film := "/film.mp4"
	plain, clip := signQuery(t, film, "", 0), signQuery(t, film, "end=30", 0)
	spaced := signQuery(t, "/a+b;c.mp4", "", 0)
	below := "/~" + signQuery(t, "/hls/bbb/x.m3u8", "", 2) + "/hls/bbb/"
	for _, c := range []struct {
		name, uri, path string
		exact           bool
	}{
		{"a path", film + "?token=" + plain, film, true},
		{"a token in the path", "/~" + plain + film, film, true},
		{"an encoded mark", "/%7e" + plain + film, film, true},
		{"a signed query", film + "?end=30&token=" + clip, film + "?end=30", true},
		{"a parameter after the token", film + "?end=30&token=" + clip + "&end=3600", film + "?end=30",
			false},
		{"CMCD after the token", film + "?token=" + plain + "&CMCD=x", film, false},
		{"an empty parameter after the token", film + "?token=" + plain + "&", film, false},
		{"a query after a token in the path", "/~" + plain + film + "?end=3600", film, false},
		{"an empty query", "/~" + plain + film + "?", film, false},
		{"another spelling", strings.Replace(film, "f", "%66", 1) + "?token=" + plain, film, false},
		{"letters that are served encoded", "/a+b;c.mp4?token=" + spaced, "/a%2Bb%3Bc.mp4", false},
		{"letters as they are served", "/a%2Bb%3Bc.mp4?token=" + spaced, "/a%2Bb%3Bc.mp4", true},
		{"the same in lower case", "/a%2bb%3bc.mp4?token=" + spaced, "/a%2Bb%3Bc.mp4", false},
		{"a query of a directory", below + "x.m3u8?_HLS_msn=1&x=%20", "/hls/bbb/x.m3u8?_HLS_msn=1&x=%20",
			true},
		{"CMCD in a directory", below + "x.m3u8?CMCD=x", "/hls/bbb/x.m3u8", false},
		{"raw letters in a directory's query", below + "x.m3u8?{}", "/hls/bbb/x.m3u8?%7B%7D", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, _ := edgeAsk(t, usual, "GET", "/verify/auth-request/one", "X-Original-URI: "+c.uri)
			checkAnswer(t, res, 200, "", c.path)
			res, _ = edgeAsk(t, exact, "GET", "/verify/auth-request/one", "X-Original-URI: "+c.uri)
			if c.exact {
				checkAnswer(t, res, 200, "", c.path)
			} else {
				checkAnswer(t, res, 403, "path", "")
			}
		})
	}
	res, _ := edgeAsk(t, exact, "GET", "/verify/auth-request/one", "X-Original-URI: "+film)
	checkAnswer(t, res, 401, "missing", "")
}

// TestVerifyBase asks about a CDN whose URLs have a path before the token's.
func TestVerifyBase(t *testing.T) {
	_, usual := oneCDN(t, cdn.CDN{URL: "https://storage.example/bucket"})
	_, exact := oneCDN(t, cdn.CDN{URL: "https://storage.example/bucket", ExactRequests: true})
	text := signQuery(t, "/film.mp4", "", 0)
	for _, addr := range []string{usual, exact} {
		for _, c := range []struct {
			uri          string
			status       int
			reason, path string
		}{
			{"/bucket/film.mp4?token=" + text, 200, "", "/bucket/film.mp4"},
			{"/bucket/~" + text + "/film.mp4", 200, "", "/bucket/film.mp4"},
			{"/film.mp4?token=" + text, 403, "path", ""},
			{"/bucket2/film.mp4?token=" + text, 403, "path", ""},
			{"/~" + text + "/bucket/film.mp4", 401, "missing", ""},
		} {
			res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/one", "X-Original-URI: "+c.uri)
			checkAnswer(t, res, c.status, c.reason, c.path)
		}
	}
}

// TestVerifyReport asks about a CDN that does not enforce its tokens: the answer is 200 and says
// what it would have been.
func TestVerifyReport(t *testing.T) {
	s, addr := oneCDN(t, cdn.CDN{URL: "https://one.example/base", ReportOnly: true})
	const uri = "X-Original-URI: "
	text := signQuery(t, "/film.mp4", "", 0)
	for _, c := range []struct {
		name         string
		header       []string
		reason, path string
	}{
		{"good", []string{uri + "/base/film.mp4?token=" + text + "&x"}, "", "/base/film.mp4"},
		{"no token", []string{uri + "/base/film.mp4?a=1&b"}, "missing", "/base/film.mp4?a=1&b"},
		{"another path", []string{uri + "/base/other.mp4?a=1&token=" + text + "&b"}, "signature",
			"/base/other.mp4?a=1&b"},
		{"the token alone", []string{uri + "/base/other.mp4?token=" + text}, "signature",
			"/base/other.mp4"},
		{"in the path", []string{uri + "/base/~" + text + "/other.mp4?a"}, "signature",
			"/base/other.mp4?a"},
		{"encoded mark", []string{uri + "/base/%7E" + text + "/other.mp4"}, "signature",
			"/base/other.mp4"},
		{"two tokens", []string{uri + "/base/~x/film.mp4?token=&a&token"}, "ambiguous",
			"/base/film.mp4?a"},
		{"nothing after the token", []string{uri + "/base/~x"}, "malformed", "/base/"},
		{"outside of the base path", []string{uri + "/film.mp4?token=" + text}, "path", "/film.mp4"},
		{"dots", []string{uri + "/base/~" + text + "/a/../film.mp4"}, "path", "/base/a/../film.mp4"},
		{"bytes that no URI has", []string{uri + "/base/{x}.mp4?\\|\"<é"}, "missing",
			"/base/%7Bx%7D.mp4?%5C%7C%22%3C%C3%A9"},
		{"no URI", nil, "path", ""},
		{"two URIs", []string{uri + "/base/a", uri + "/base/b"}, "path", ""},
		{"a URL", []string{uri + "http://x/base/a"}, "missing", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := wouldRefuse(t, s, c.reason)
			res, body := edgeAsk(t, addr, "GET", "/verify/auth-request/one", c.header...)
			checkAnswer(t, res, 200, "", c.path)
			if got := res.Header.Get("X-Token-Would-Refuse"); got != c.reason || body != "" {
				t.Errorf("X-Token-Would-Refuse: %q, body %q; want %q", got, body, c.reason)
			}
			if n := wouldRefuse(t, s, c.reason) - before; c.reason != "" && n != 1 {
				t.Errorf("counted %v", n)
			}
		})
	}
	if res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/two",
		uri+"/base/film.mp4"); res.StatusCode != 404 {
		t.Errorf("an unknown CDN: %d", res.StatusCode)
	}
}

// wouldRefuse reads the counter of the CDN's refusals for a reason.
func wouldRefuse(t *testing.T, s *Server, reason string) float64 {
	t.Helper()
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "videotoken_would_refuse_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["cdn"] == "one" && labels["reason"] == reason {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
