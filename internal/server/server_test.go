package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"videotoken/token"
)

// verifyAnswer verifies the tokens of an answer and returns its URLs.
func verifyAnswer(tb testing.TB, body string) []string {
	tb.Helper()
	var video struct{ Sources []struct{ Src string } }
	if err := json.Unmarshal([]byte(body), &video); err != nil || len(video.Sources) == 0 {
		tb.Fatalf("%v: %s", err, body)
	}
	var urls []string
	for _, source := range video.Sources {
		_, err := settings(tb).Signer.CDNs.Verify("", token.Request{URI: []byte(source.Src), Now: now})
		if err != nil {
			tb.Fatalf("%s: %v", source.Src, err)
		}
		urls = append(urls, source.Src)
	}
	return urls
}

func TestSeed(t *testing.T) {
	s, _ := newServer(settings(t))
	c := dial(t, start(t, s))
	for i, cdn := range []string{"d111", "d222", "d111"} {
		a := exchange(t, c, post(seed), "POST")
		urls := verifyAnswer(t, a.body)
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != "application/json" ||
			a.Header.Get("Cache-Control") != "private, max-age=21800" || len(urls) != 2 {
			t.Fatalf("%d: %v %s", i, a.Response, a.body)
		}
		for _, u := range urls {
			if !strings.HasPrefix(u, "https://"+cdn+".cloudfront.net/Big_Buck_Bunny_") {
				t.Errorf("answer %d: %s is not on %s", i, u, cdn)
			}
		}
		if server := a.Header.Get("Server"); server != "" {
			t.Errorf("Server: %s", server)
		}
	}
}

func TestRoutes(t *testing.T) {
	s, _ := newServer(settings(t))
	addr := start(t, s)
	for _, c := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"POST", "/video/token", 200, ""},
		{"POST", "/video/token?x=1", 200, ""},
		{"POST", "http://x/video/token", 200, ""},
		{"POST", "ftp://x/video/token", 404, ""},
		{"GET", "/healthz", 200, ""},
		{"HEAD", "/healthz", 200, ""},
		{"OPTIONS", "/healthz", 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/video/token", 204, "OPTIONS, POST"},
		{"OPTIONS", "*", 204, "GET, HEAD, OPTIONS, POST"},
		{"GET", "/video/token", 405, "OPTIONS, POST"},
		{"HEAD", "/video/token", 405, "OPTIONS, POST"},
		{"DELETE", "/video/token", 405, "OPTIONS, POST"},
		{"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/", 404, ""},
		{"POST", "/video/token/", 404, ""},
		{"POST", "//video/token", 404, ""},
		{"POST", "/video/./token", 404, ""},
		{"POST", "/video%2Ftoken", 404, ""},
		{"POST", "/Video/Token", 404, ""},
		{"OPTIONS", "/nothing", 404, ""},
	} {
		raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\n\r\n%s", c.method, c.target, len(seed), seed)
		if c.method != "POST" {
			raw = fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\n\r\n", c.method, c.target)
		}
		conn := dial(t, addr)
		a := exchange(t, conn, raw, c.method)
		if a.StatusCode != c.status || a.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.target, a.StatusCode,
				a.Header.Get("Allow"), c.status, c.allow)
		}
		if c.method == "HEAD" && (a.body != "" || a.ContentLength <= 0) {
			t.Errorf("HEAD %s: %d bytes of body, Content-Length %d", c.target, len(a.body), a.ContentLength)
		}
		if c.status >= 400 && c.method != "HEAD" {
			checkProblem(t, a, c.status, "", "")
		}
		if again := exchange(t, conn, post(seed), "POST"); again.StatusCode != 200 {
			t.Errorf("after %s %s the connection answers %d", c.method, c.target, again.StatusCode)
		}
	}
}

func TestBadBodies(t *testing.T) {
	s, _ := newServer(settings(t))
	c := dial(t, start(t, s))
	large := `{"video":{"sources":[{"src":"/a"}],"x":"` + strings.Repeat("x", MaxBody) + `"}}`
	fits := large[:len(large)-(len(large)-MaxBody)-3] + `"}}`
	checkProblem(t, exchange(t, c, post(`{"video":{"sources":[{"src":1}]}}`), "POST"), 400,
		"must be a string, not a number", "/video/sources/0/src")
	checkProblem(t, exchange(t, c, post(""), "POST"), 400, "is empty", "")
	checkProblem(t, exchange(t, c, post("\xff\xfe<script>"), "POST"), 400, "not valid JSON", "")
	checkProblem(t, exchange(t, c, strings.Replace(post(seed), "application/json", "text/plain", 1),
		"POST"), 415, "application/json", "")
	checkProblem(t, exchange(t, c, strings.Replace(post(seed), "Content-Type: application/json\r\n",
		"", 1), "POST"), 415, "application/json", "")
	checkProblem(t, exchange(t, c, strings.Replace(post(seed), "application/json", "application/jsonp",
		1), "POST"), 415, "application/json", "")
	checkProblem(t, exchange(t, c, post("\x1f\x8b\x08", "Content-Encoding: gzip"), "POST"), 415,
		"compressed", "")
	checkProblem(t, exchange(t, c, post(seed, "Content-Encoding: gzip"), "POST"), 415, "compressed",
		"")
	if a := exchange(t, c, post(seed, "Content-Encoding: identity"), "POST"); a.StatusCode != 200 {
		t.Errorf("identity: %d", a.StatusCode)
	}
	for _, contentType := range []string{"application/json; charset=utf-8", "Application/JSON",
		"application/json ;x=y"} {
		if a := exchange(t, c, strings.Replace(post(seed), "application/json", contentType, 1),
			"POST"); a.StatusCode != 200 {
			t.Errorf("%s: %d", contentType, a.StatusCode)
		}
	}
	if a := exchange(t, c, post(fits), "POST"); a.StatusCode != 200 || len(fits) != MaxBody {
		t.Errorf("a body of %d bytes: %d %s", len(fits), a.StatusCode, a.body)
	}
	checkProblem(t, exchange(t, c, post(fits[:len(fits)-3]+`x"}}`), "POST"), 413, "64 KiB", "")
}

// TestRefusedByFasthttp: what fasthttp answers in plain text by itself is a problem here, arrives
// whole although the client is still sending, and closes the connection.
func TestRefusedByFasthttp(t *testing.T) {
	s, _ := newServer(settings(t))
	addr := start(t, s)
	for _, c := range []struct {
		name, raw string
		status    int
	}{
		{"body too large", post(strings.Repeat(" ", 4<<20)), 413},
		{"chunked body too large",
			"POST /video/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
				"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + strings.Repeat(" ", 0x20000) + "\r\n0\r\n\r\n",
			413},
		{"body too large, announced", "POST /video/token HTTP/1.1\r\nHost: x\r\n" +
			"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n", 413},
		{"headers too large", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", MaxHeader) +
			"\r\n\r\n", 431},
		{"request line too large",
			"GET /" + strings.Repeat("x", MaxHeader) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		{"not HTTP", "hello\r\n\r\n", 400},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"bad content length", "POST /video/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
			400},
		{"two content lengths", "POST /video/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" +
			"Content-Length: 2\r\n\r\nab", 400},
		{"bad chunk", "POST /video/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
			400},
		{"space before the colon", "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, addr)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = io.WriteString(conn, c.raw) // may fail: the server need not read all of it
			}()
			r := bufio.NewReader(conn)
			a := read(t, r, "POST")
			checkProblem(t, a, c.status, "", "")
			if !a.Close {
				t.Error("without Connection: close")
			}
			if _, err := r.ReadByte(); err == nil {
				t.Error("the connection goes on")
			}
			_ = conn.Close()
			<-sent
		})
	}
}

func TestExpectContinue(t *testing.T) {
	s, _ := newServer(settings(t))
	c := dial(t, start(t, s))
	head, body, _ := strings.Cut(post(seed, "Expect: 100-continue"), "\r\n\r\n")
	if _, err := io.WriteString(c, head+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, body); err != nil {
		t.Fatal(err)
	}
	verifyAnswer(t, read(t, r, "POST").body)
}

func TestPanic(t *testing.T) {
	s, logs := newServer(settings(t))
	s.state.Store(&state{}) // its signer is nil: every request panics
	c := dial(t, start(t, s))
	for range 3 {
		a := exchange(t, c, post(seed), "POST")
		checkProblem(t, a, 500, "could not be served", "")
		if strings.Contains(a.body, "nil pointer") {
			t.Errorf("internals in %s", a.body)
		}
	}
	s.Use(settings(t))
	verifyAnswer(t, exchange(t, c, post(seed), "POST").body)
	if n := strings.Count(logs.String(), "a request panicked"); n != 3 {
		t.Errorf("%d panics in the log:\n%s", n, logs)
	}
	if m := adminGet(t, s, "/metrics"); !strings.Contains(m, "\nvideotoken_panics_total 3\n") ||
		!strings.Contains(m, `videotoken_requests_total{code="500",route="/video/token"} 3`) {
		t.Errorf("metrics lack the panics:\n%s", m)
	}
}

// adminGet asks the admin port, which it starts and stops.
func adminGet(tb testing.TB, s *Server, path string) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	go func() { _ = s.ServeAdmin(ln) }()
	res, err := http.Get("http://" + ln.Addr().String() + path)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return itoa(res.StatusCode) + "\n" + string(b)
}

func TestAdmin(t *testing.T) {
	s, _ := newServer(settings(t))
	for path, want := range map[string]string{
		"/healthz": "200\nok", "/readyz": "200\nok", "/metrics": "go_memstats_mallocs_total",
		"/debug/pprof/": "goroutine", "/nothing": "404",
	} {
		if got := adminGet(t, s, path); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := adminGet(t, s, "/readyz"); !strings.HasPrefix(got, "503") {
		t.Errorf("/readyz after Shutdown: %s", got)
	}
}
