package server

import (
	"encoding/json"
	"strings"
	"testing"

	"videotoken/internal/uri"
)

func TestVerify(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		t.Run(string(transport), func(t *testing.T) {
			c := edgeSettings(t)
			c.Transport = transport
			_, addr := edgeServer(t, edgeNow, c)
			testVerify(t, addr)
		})
	}
}

func testVerify(t *testing.T, addr string) {
	const (
		authRequest = "/verify/auth-request/one"
		forwardAuth = "/verify/forward-auth/one"
		extAuthz    = "/verify/ext-authz/one"
		ingress     = "/verify/ingress-nginx/one"
		original    = "X-Original-URI: "
		forwarded   = "X-Forwarded-Uri: "
		url         = "X-Original-URL: "
	)
	long := "&x=" + strings.Repeat("a", uri.MaxTarget-len(edgeExact)-len("&x="))
	for _, c := range []struct {
		name, method, target string
		header               []string
		status               int
		reason, path         string // the reason of a refusal, or the path of what is accepted
	}{
		{name: "auth-request", target: authRequest, header: []string{original + edgeExact}, status: 200,
			path: edgeFilm},
		{name: "forward-auth", target: forwardAuth, header: []string{forwarded + edgeExact}, status: 200,
			path: edgeFilm},
		{name: "ext-authz", target: extAuthz + edgeExact, status: 200, path: edgeFilm},
		{name: "ext-authz, token in the path", target: extAuthz + edgeBelow, status: 200,
			path: "/hls/bbb/seg-1.ts"},
		{name: "ingress-nginx", target: ingress,
			header: []string{url + "https://films.example" + edgeExact}, status: 200, path: edgeFilm},
		{name: "ingress-nginx, port and IPv6", target: ingress, header: []string{url +
			"http://[2001:DB8::1]:8080" + edgeBelow}, status: 200, path: "/hls/bbb/seg-1.ts"},
		{name: "parameters after the token", target: authRequest,
			header: []string{original + edgeExact + "&b=%20"}, status: 200, path: edgeFilm},
		{name: "parameters before the token", target: authRequest, header: []string{original + edgeFilm +
			"?a=1&" + edgeExact[len(edgeFilm)+1:]}, status: 403, reason: "signature"},
		{name: "parameters of a directory", target: authRequest, header: []string{original + edgeBelow +
			"?_HLS_msn=7&CMCD=x&b=%20"}, status: 200, path: "/hls/bbb/seg-1.ts?_HLS_msn=7&b=%20"},
		{name: "a query of the question's own", target: authRequest + "?token=x",
			header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "header in another case", target: authRequest,
			header: []string{"x-ORIGINAL-uri:" + edgeExact + " \t"}, status: 200, path: edgeFilm},
		{name: "POST", method: "POST", target: authRequest,
			header: []string{original + edgeExact, "Content-Length: 0"}, status: 200, path: edgeFilm},
		{name: "DELETE", method: "DELETE", target: authRequest, header: []string{original + edgeExact},
			status: 200, path: edgeFilm},
		{name: "OPTIONS", method: "OPTIONS", target: authRequest, header: []string{original + edgeExact},
			status: 200, path: edgeFilm},
		{name: "a method of one's own", method: "BREW", target: authRequest,
			header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "TRACE", method: "TRACE", target: authRequest, header: []string{original + edgeExact},
			status: 200, path: edgeFilm},
		{name: "CONNECT", method: "CONNECT", target: authRequest, header: []string{original + edgeExact},
			status: 405},
		{name: "CONNECT, ext-authz", method: "CONNECT", target: extAuthz + edgeExact, status: 405},
		{name: "HEAD", method: "HEAD", target: authRequest, header: []string{original + edgeExact},
			status: 200, path: edgeFilm},
		{name: "HEAD, refused", method: "HEAD", target: authRequest,
			header: []string{original + edgeFilm}, status: 401, reason: "missing"},

		{name: "no token", target: authRequest, header: []string{original + edgeFilm}, status: 401,
			reason: "missing"},
		{name: "two tokens", target: authRequest, header: []string{original +
			"/~EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc" + edgeExact}, status: 403, reason: "ambiguous"},
		{name: "key of another CDN", target: authRequest, header: []string{original + edgeFilm +
			"?token=EAAACHc1lACECc-4jR3ekUWh2IIA3HmI"}, status: 403, reason: "unknown-key"},

		{name: "no header", target: authRequest, status: 403, reason: "path"},
		{name: "empty", target: authRequest, header: []string{original}, status: 401, reason: "missing"},
		{name: "twice the same", target: authRequest,
			header: []string{original + edgeExact, original + edgeExact}, status: 403, reason: "path"},
		{name: "twice", target: forwardAuth,
			header: []string{forwarded + edgeExact, "x-forwarded-uri: /"}, status: 403, reason: "path"},
		{name: "twice, one empty", target: authRequest, header: []string{original, original + edgeExact},
			status: 403, reason: "path"},
		{name: "header of another family", target: authRequest, header: []string{forwarded + edgeExact},
			status: 403, reason: "path"},
		{name: "header of another family, the other way", target: forwardAuth,
			header: []string{original + edgeExact}, status: 403, reason: "path"},
		{name: "headers of the others beside", target: extAuthz + edgeFilm,
			header: []string{original + edgeExact, forwarded + edgeExact}, status: 401, reason: "missing"},
		{name: "header of another family beside", target: forwardAuth,
			header: []string{original + edgeExact, forwarded + edgeFilm}, status: 401, reason: "missing"},
		{name: "underscores", target: authRequest, header: []string{"X_Original_URI: " + edgeExact},
			status: 403, reason: "path"},
		{name: "aliases", target: authRequest,
			header: []string{"X-Original-URL: " + edgeExact, "X-Rewrite-URL: " + edgeExact,
				"X-Original-Uri-: " + edgeExact, "HTTP-X-Original-URI: " + edgeExact}, status: 403,
			reason: "path"},
		{name: "ingress-nginx, twice", target: ingress, header: []string{url + "https://films.example" +
			edgeExact, url + "https://films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, no header", target: ingress, status: 403, reason: "path"},
		{name: "ingress-nginx, a path alone", target: ingress, header: []string{url + edgeExact},
			status: 403, reason: "path"},
		{name: "ingress-nginx, no scheme", target: ingress,
			header: []string{url + "//films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, another scheme", target: ingress,
			header: []string{url + "ftp://films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, no host", target: ingress, header: []string{url + "https://" + edgeExact},
			status: 403, reason: "path"},
		{name: "ingress-nginx, no path", target: ingress,
			header: []string{url + "https://films.example?" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, a path in the host", target: ingress, header: []string{url +
			"https://x?/https://films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, user info", target: ingress,
			header: []string{url + "https://x@films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, a fragment in the host", target: ingress,
			header: []string{url + "https://x#films.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, an underscore in the host", target: ingress,
			header: []string{url + "https://films_1.example" + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, header of another family", target: ingress,
			header: []string{original + edgeExact, forwarded + edgeExact}, status: 403, reason: "path"},
		{name: "ingress-nginx, headers of others beside", target: ingress,
			header: []string{url + "https://films.example" + edgeFilm, original + edgeExact,
				forwarded + edgeExact}, status: 401, reason: "missing"},
		{name: "absolute", target: authRequest, header: []string{original + "http://host" + edgeExact},
			status: 403, reason: "path"},
		{name: "without a scheme", target: authRequest, header: []string{original + "//host" + edgeExact},
			status: 403, reason: "path"},
		{name: "without a slash", target: authRequest, header: []string{original + edgeExact[1:]},
			status: 403, reason: "path"},
		{name: "asterisk", target: authRequest, header: []string{original + "*"}, status: 401,
			reason: "missing"},
		{name: "the longest", target: authRequest, header: []string{original + edgeExact + long},
			status: 200, path: edgeFilm},
		{name: "too long", target: authRequest, header: []string{original + edgeExact + long + "a"},
			status: 403, reason: "path"},
		{name: "too long, ext-authz", target: extAuthz + edgeExact + long + "a", status: 403,
			reason: "path"},
		{name: "space", target: authRequest, header: []string{original + edgeExact + "&x= " + "y"},
			status: 403, reason: "path"},
		{name: "fragment", target: authRequest, header: []string{original + edgeBelow + "#x"},
			status: 403, reason: "path"},
		{name: "fragment, ext-authz", target: extAuthz + edgeBelow + "#x", status: 403, reason: "path"},
		{name: "fragment after the token", target: authRequest,
			header: []string{original + edgeExact + "#x"}, status: 403, reason: "malformed"},
		{name: "raw UTF-8", target: authRequest, header: []string{original + edgeBelow + "?é"},
			status: 200, path: "/hls/bbb/seg-1.ts?%C3%A9"},
		{name: "invalid UTF-8", target: authRequest, header: []string{original + edgeBelow + "?\xe9"},
			status: 403, reason: "path"},
		{name: "braces and bars", target: authRequest, header: []string{original + edgeBelow + "?{x}|"},
			status: 200, path: "/hls/bbb/seg-1.ts?%7Bx%7D%7C"},
		{name: "another spelling of the path", target: authRequest,
			header: []string{original + strings.Replace(edgeBelow, "/seg", "/%73eg", 1)}, status: 200,
			path: "/hls/bbb/seg-1.ts"},
		{name: "an encoded mark before the token", target: authRequest,
			header: []string{original + strings.Replace(edgeBelow, "/~", "/%7E", 1)}, status: 200,
			path: "/hls/bbb/seg-1.ts"},
		{name: "invalid escape in the query", target: authRequest,
			header: []string{original + edgeExact + "&x=%zz"}, status: 403, reason: "path"},
		{name: "cut escape in the query", target: authRequest,
			header: []string{original + edgeExact + "&x=%2"}, status: 403, reason: "path"},
		{name: "tab", target: authRequest, header: []string{original + edgeExact + "&\tx"}, status: 403,
			reason: "path"},

		{name: "dots, ext-authz",
			target: "/verify/ext-authz/one/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../bbb/seg-1.ts",
			status: 403, reason: "path"},
		{name: "dots into another CDN", target: "/verify/ext-authz/one/../two" + edgeExact, status: 403,
			reason: "path"},
		{name: "doubled slash, ext-authz", target: "/verify/ext-authz/one/" + edgeExact, status: 403,
			reason: "path"},
		{name: "ext-authz of nothing", target: extAuthz, status: 401, reason: "missing"},
		{name: "ext-authz of a query", target: extAuthz + edgeExact[len(edgeFilm):], status: 403,
			reason: "path"},

		{name: "unknown CDN", target: "/verify/auth-request/three",
			header: []string{original + edgeExact}, status: 404},
		{name: "unknown CDN, ext-authz", target: "/verify/ext-authz/on" + edgeExact, status: 404},
		{name: "CDN in another spelling", target: "/verify/auth-request/%6fne",
			header: []string{original + edgeExact}, status: 404},
		{name: "no CDN", target: "/verify/auth-request/", header: []string{original + edgeExact},
			status: 404},
		{name: "unknown family", target: "/verify/auth/one", header: []string{original + edgeExact},
			status: 404},
		{name: "no family", target: "/verify/", header: []string{original + edgeExact}, status: 404},
		{name: "more after the CDN", target: authRequest + "/", header: []string{original + edgeExact},
			status: 404},
		{name: "dots before", target: "/x/.." + authRequest, header: []string{original + edgeExact},
			status: 404},
		{name: "absolute form", target: "http://videotoken" + authRequest,
			header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "absolute form, ext-authz", target: "HTTP://videotoken:3002" + extAuthz +
			edgeBelow + "?x=%20", status: 200, path: "/hls/bbb/seg-1.ts?x=%20"},
		{
			name: "absolute form, ext-authz, path not " +
				"normalised", target: "http://videotoken/verify/ext-authz/one/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../bbb/seg-1.ts",
			status: 403, reason: "path"},
		{name: "absolute form, dots before", target: "http://videotoken/x/.." + authRequest,
			header: []string{original + edgeExact}, status: 404},
		{name: "absolute form of another scheme", target: "ftp://videotoken" + authRequest,
			header: []string{original + edgeExact}, status: 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			res, body := edgeAsk(t, addr, c.method, c.target, c.header...)
			h := res.Header
			if res.StatusCode != c.status || h.Get("X-Token-Reason") != c.reason ||
				h.Get("X-Token-Path") != c.path {
				t.Fatalf("%d %q %q; want %d %q %q", res.StatusCode, h.Get("X-Token-Reason"),
					h.Get("X-Token-Path"), c.status, c.reason, c.path)
			}
			if h.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control: %q", h["Cache-Control"])
			}
			if (h.Get("Allow") != "") != (c.status == 405) {
				t.Errorf("Allow: %q", h["Allow"])
			}
			if c.status == 200 {
				if h.Get("X-Token-Expires") != "2000000000" || body != "" {
					t.Errorf("X-Token-Expires: %s, body %q", h.Get("X-Token-Expires"), body)
				}
				return
			}
			var problem struct {
				Title, Detail string
				Status        int
			}
			if h.Get("Content-Type") != problemType ||
				(h.Get("WWW-Authenticate") != "") != (c.status == 401) {
				t.Errorf("headers %v", h)
			}
			if c.method != "HEAD" && (json.Unmarshal([]byte(body), &problem) != nil ||
				problem.Status != c.status || problem.Title == "" || problem.Detail == "") {
				t.Errorf("body %s", body)
			}
		})
	}
}

func TestVerifySession(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for uri, session := range map[string]string{edgeSession: "00112233aabbccdd", edgeExact: ""} {
		res, _ := edgeAsk(t, addr, "GET", "/verify/ext-authz/one"+uri)
		if res.StatusCode != 200 || res.Header.Get("X-Token-Session") != session ||
			len(res.Header["X-Token-Session"]) != min(len(session), 1) {
			t.Errorf("%d, X-Token-Session: %q; want %q", res.StatusCode, res.Header["X-Token-Session"],
				session)
		}
	}
}

// TestFamilies: a family believes its own header, and no other's.
func TestFamilies(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for _, asked := range families {
		for _, sent := range families {
			if sent.header == "" {
				continue
			}
			target, line := "/verify/"+asked.name+"/one", sent.header+": "
			if sent.isURL {
				line += "https://films.example"
			}
			want := 403
			switch asked.header {
			case sent.header:
				want = 200
			case "":
				want = 401 // the target has no token
			}
			if res, _ := edgeAsk(t, addr, "GET", target, line+edgeExact); res.StatusCode != want {
				t.Errorf("%s, with %s: %s", asked.name, sent.header, res.Status)
			}
		}
	}
}
