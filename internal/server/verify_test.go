package server

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

func TestVerify(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	const (
		authRequest = "/verify/auth-request/one"
		forwardAuth = "/verify/forward-auth/one"
		extAuthz    = "/verify/ext-authz/one"
		original    = "X-Original-URI: "
		forwarded   = "X-Forwarded-Uri: "
	)
	long := "&x=" + strings.Repeat("a", cdn.MaxURI-len(edgeExact)-len("&x="))
	for _, c := range []struct {
		name, method, target string
		header               []string
		status               int
		reason, path         string // the reason of a refusal, or the path of what is accepted
	}{
		{name: "auth-request", target: authRequest, header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "forward-auth", target: forwardAuth, header: []string{forwarded + edgeExact}, status: 200, path: edgeFilm},
		{name: "ext-authz", target: extAuthz + edgeExact, status: 200, path: edgeFilm},
		{name: "ext-authz, token in the path", target: extAuthz + edgeBelow, status: 200, path: "/hls/bbb/seg-1.ts"},
		{name: "other parameters", target: authRequest, header: []string{original + edgeFilm + "?a=1&" + edgeExact[len(edgeFilm)+1:] + "&b=%20"}, status: 200, path: edgeFilm + "?a=1&b=%20"},
		{name: "a query of the question's own", target: authRequest + "?token=x", header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "header in another case", target: authRequest, header: []string{"x-ORIGINAL-uri:" + edgeExact + " \t"}, status: 200, path: edgeFilm},
		{name: "POST", method: "POST", target: authRequest, header: []string{original + edgeExact, "Content-Length: 0"}, status: 200, path: edgeFilm},
		{name: "DELETE", method: "DELETE", target: authRequest, header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "OPTIONS", method: "OPTIONS", target: authRequest, header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "a method of one's own", method: "BREW", target: authRequest, header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "HEAD", method: "HEAD", target: authRequest, header: []string{original + edgeExact}, status: 200, path: edgeFilm},
		{name: "HEAD, refused", method: "HEAD", target: authRequest, header: []string{original + edgeFilm}, status: 401, reason: "missing"},

		{name: "no token", target: authRequest, header: []string{original + edgeFilm}, status: 401, reason: "missing"},
		{name: "two tokens", target: authRequest, header: []string{original + "/~EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc" + edgeExact}, status: 403, reason: "ambiguous"},
		{name: "key of another CDN", target: authRequest, header: []string{original + edgeFilm + "?token=EAAACHc1lACECc-4jR3ekUWh2IIA3HmI"}, status: 403, reason: "unknown-key"},

		{name: "no header", target: authRequest, status: 403, reason: "path"},
		{name: "empty", target: authRequest, header: []string{original}, status: 403, reason: "path"},
		{name: "twice the same", target: authRequest, header: []string{original + edgeExact, original + edgeExact}, status: 403, reason: "path"},
		{name: "twice", target: forwardAuth, header: []string{forwarded + edgeExact, "x-forwarded-uri: /"}, status: 403, reason: "path"},
		{name: "twice, one empty", target: authRequest, header: []string{original, original + edgeExact}, status: 403, reason: "path"},
		{name: "header of another family", target: authRequest, header: []string{forwarded + edgeExact}, status: 403, reason: "path"},
		{name: "header of another family, the other way", target: forwardAuth, header: []string{original + edgeExact}, status: 403, reason: "path"},
		{name: "headers of the others beside", target: extAuthz + edgeFilm, header: []string{original + edgeExact, forwarded + edgeExact}, status: 401, reason: "missing"},
		{name: "header of another family beside", target: forwardAuth, header: []string{original + edgeExact, forwarded + edgeFilm}, status: 401, reason: "missing"},
		{name: "underscores", target: authRequest, header: []string{"X_Original_URI: " + edgeExact}, status: 403, reason: "path"},
		{name: "aliases", target: authRequest, header: []string{"X-Original-URL: " + edgeExact, "X-Rewrite-URL: " + edgeExact, "X-Original-Uri-: " + edgeExact, "HTTP-X-Original-URI: " + edgeExact}, status: 403, reason: "path"},
		{name: "absolute", target: authRequest, header: []string{original + "http://host" + edgeExact}, status: 403, reason: "path"},
		{name: "without a scheme", target: authRequest, header: []string{original + "//host" + edgeExact}, status: 403, reason: "path"},
		{name: "without a slash", target: authRequest, header: []string{original + edgeExact[1:]}, status: 403, reason: "path"},
		{name: "asterisk", target: authRequest, header: []string{original + "*"}, status: 403, reason: "path"},
		{name: "the longest", target: authRequest, header: []string{original + edgeExact + long}, status: 200, path: edgeFilm + "?" + long[1:]},
		{name: "too long", target: authRequest, header: []string{original + edgeExact + long + "a"}, status: 403, reason: "path"},
		{name: "too long, ext-authz", target: extAuthz + edgeExact + long + "a", status: 403, reason: "path"},
		{name: "space", target: authRequest, header: []string{original + edgeExact + "&x= " + "y"}, status: 403, reason: "path"},
		{name: "fragment", target: authRequest, header: []string{original + edgeExact + "#x"}, status: 403, reason: "path"},
		{name: "fragment, ext-authz", target: extAuthz + edgeExact + "#x", status: 403, reason: "path"},
		{name: "raw UTF-8", target: authRequest, header: []string{original + edgeExact + "&é"}, status: 403, reason: "path"},
		{name: "brace", target: authRequest, header: []string{original + edgeExact + "&{x}"}, status: 403, reason: "path"},
		{name: "bar", target: authRequest, header: []string{original + edgeExact + "&|"}, status: 403, reason: "path"},
		{name: "invalid escape in the query", target: authRequest, header: []string{original + edgeExact + "&x=%zz"}, status: 403, reason: "path"},
		{name: "cut escape in the query", target: authRequest, header: []string{original + edgeExact + "&x=%2"}, status: 403, reason: "path"},
		{name: "tab", target: authRequest, header: []string{original + edgeExact + "\t&x"}, status: 403, reason: "path"},

		{name: "dots, ext-authz", target: "/verify/ext-authz/one/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../bbb/seg-1.ts", status: 403, reason: "path"},
		{name: "dots into another CDN", target: "/verify/ext-authz/one/../two" + edgeExact, status: 403, reason: "path"},
		{name: "doubled slash, ext-authz", target: "/verify/ext-authz/one/" + edgeExact, status: 403, reason: "path"},
		{name: "ext-authz of nothing", target: extAuthz, status: 403, reason: "path"},
		{name: "ext-authz of a query", target: extAuthz + edgeExact[len(edgeFilm):], status: 403, reason: "path"},

		{name: "unknown CDN", target: "/verify/auth-request/three", header: []string{original + edgeExact}, status: 404},
		{name: "unknown CDN, ext-authz", target: "/verify/ext-authz/on" + edgeExact, status: 404},
		{name: "CDN in another spelling", target: "/verify/auth-request/%6fne", header: []string{original + edgeExact}, status: 404},
		{name: "no CDN", target: "/verify/auth-request/", header: []string{original + edgeExact}, status: 404},
		{name: "unknown family", target: "/verify/auth/one", header: []string{original + edgeExact}, status: 404},
		{name: "no family", target: "/verify/", header: []string{original + edgeExact}, status: 404},
		{name: "more behind the CDN", target: authRequest + "/", header: []string{original + edgeExact}, status: 404},
		{name: "dots before", target: "/x/.." + authRequest, header: []string{original + edgeExact}, status: 404},
		{name: "absolute form", target: "http://videotoken" + authRequest, header: []string{original + edgeExact}, status: 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			res, body := edgeAsk(t, addr, c.method, c.target, c.header...)
			h := res.Header
			if res.StatusCode != c.status || h.Get("X-Token-Reason") != c.reason || h.Get("X-Token-Path") != c.path {
				t.Fatalf("%d %q %q; want %d %q %q", res.StatusCode, h.Get("X-Token-Reason"), h.Get("X-Token-Path"), c.status, c.reason, c.path)
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
			if h.Get("Content-Type") != problemType || h.Get("Cache-Control") != "no-store" || (h.Get("WWW-Authenticate") != "") != (c.status == 401) {
				t.Errorf("headers %v", h)
			}
			if c.method != "HEAD" && (json.Unmarshal([]byte(body), &problem) != nil || problem.Status != c.status || problem.Title == "" || problem.Detail == "") {
				t.Errorf("body %s", body)
			}
		})
	}
}

// TestVerifyTrailer shows that what comes behind a body is no header.
func TestVerifyTrailer(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	res, _ := edgeAsk(t, addr, "POST", "/verify/auth-request/one", "Transfer-Encoding: chunked", "Trailer: X-Original-URI", "", "0", "X-Original-URI: "+edgeExact)
	if res.StatusCode < 400 || res.StatusCode > 499 {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

// TestVerifyNotHTTP has what no request can bring past the reading of it.
func TestVerifyNotHTTP(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for name, line := range map[string]string{
		"NUL":            "X-Original-URI: " + edgeExact + "\x00",
		"control":        "X-Original-URI: " + edgeExact + "\x01",
		"carriage":       "X-Original-URI: " + edgeExact + "\rX: y",
		"folded":         "X-Original-URI: " + edgeFilm + "\r\n " + edgeExact[len(edgeFilm):],
		"space in name":  "X-Original-URI : " + edgeExact,
		"space before":   " X-Original-URI: " + edgeExact,
		"too much of it": "X-Original-URI: " + edgeExact + "&" + strings.Repeat("a", MaxHeader),
	} {
		t.Run(name, func(t *testing.T) {
			if res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/one", line); res.StatusCode < 400 || res.StatusCode > 499 {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
}

func TestVerifySession(t *testing.T) {
	_, addr := edgeServer(t, edgeNow, edgeSettings(t))
	for uri, session := range map[string]string{edgeSession: "00112233aabbccdd", edgeExact: ""} {
		res, _ := edgeAsk(t, addr, "GET", "/verify/ext-authz/one"+uri)
		if res.StatusCode != 200 || res.Header.Get("X-Token-Session") != session || len(res.Header["X-Token-Session"]) != min(len(session), 1) {
			t.Errorf("%d, X-Token-Session: %q; want %q", res.StatusCode, res.Header["X-Token-Session"], session)
		}
	}
}

// TestVerifyVectors asks each family about every case of the vectors.
func TestVerifyVectors(t *testing.T) {
	var vectors struct {
		Accept, Reject []struct {
			Name, URI, Path, IP, Session, Reason string
			Now                                  int64
			Keys                                 []uint16
		}
	}
	b, err := os.ReadFile("../../token/testdata/vectors.json")
	if err != nil || json.Unmarshal(b, &vectors) != nil || len(vectors.Accept) == 0 || len(vectors.Reject) == 0 {
		t.Fatal("no vectors", err)
	}
	type server struct {
		now  int64
		keys int
	}
	servers := map[server]string{}
	for _, c := range append(vectors.Accept, vectors.Reject...) {
		is := server{c.Now, len(c.Keys)}
		if servers[is] == "" {
			settings := edgeSettings(t)
			if is.keys == 2 { // the first CDN has both keys
				seven, eight := vectorKeys(t)
				with := settingsFor(t, cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1, Keys: token.Keys{seven, eight}})
				settings.Signer = with.Signer
			}
			_, servers[is] = edgeServer(t, c.Now, settings)
		}
		addr := servers[is]
		var ip []string
		if c.IP != "" {
			ip = []string{"X-Real-IP: " + c.IP}
		}
		for _, family := range []string{"auth-request", "forward-auth", "ext-authz"} {
			t.Run(family+"/"+c.Name, func(t *testing.T) {
				target, header := "/verify/"+family+"/one", ip
				switch family {
				case "auth-request":
					header = append(header, "X-Original-URI: "+c.URI)
				case "forward-auth":
					header = append(header, "X-Forwarded-Uri: "+c.URI)
				default:
					target += c.URI
				}
				res, _ := edgeAsk(t, addr, "GET", target, header...)
				got := res.Header
				switch {
				case strings.Contains(c.URI, "\n"): // two lines to HTTP, the second of which is no header
					if res.StatusCode < 400 || res.StatusCode > 499 {
						t.Errorf("%d", res.StatusCode)
					}
				case c.Reason == "":
					if res.StatusCode != 200 || !strings.HasPrefix(got.Get("X-Token-Path"), c.Path) || got.Get("X-Token-Session") != c.Session {
						t.Errorf("%s %v", res.Status, got)
					}
				case got.Get("X-Token-Reason") != c.Reason || (res.StatusCode == 401) != (c.Reason == "missing") || res.StatusCode/100 != 4:
					t.Errorf("%s %v; want %s", strconv.Itoa(res.StatusCode), got, c.Reason)
				}
			})
		}
	}
}
