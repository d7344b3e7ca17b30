package transport_test

import (
	"fmt"
	"strings"
)

// rawCase is what a client sends on one connection.
type rawCase struct {
	name, raw string
	// waits says that the server rightly waits for more behind it: it is the beginning of a
	// request, or nothing at all.
	waits bool
	// late says that fasthttp answers the last request only behind a CRLFCRLF, which comes with
	// another.
	late bool
	// drops says that stock fasthttp drops answers that it has not sent yet when the connection
	// then ends by an error that has no answer of its own. The loops send them.
	drops bool
	// heavy cases have large answers, and are cut in few places.
	heavy bool
}

// allCases are the table.
func allCases() []rawCase {
	var all []rawCase
	for _, family := range [][]rawCase{
		methodCases(), targetCases(), headerCases(), connectionCases(), answerCases(),
		lengthCases(), chunkedCases(), expectCases(), cutCases(),
		lineCases(), fieldCases(), sizeCases(), pipelineCases(),
	} {
		all = append(all, family...)
	}
	return all
}

// get is a GET request with header lines.
func get(target string, lines ...string) string { return request("GET", target, "", lines...) }

// post is a POST request with a body and its length.
func post(target, body string, lines ...string) string {
	return request("POST", target, body,
		append(lines, fmt.Sprintf("Content-Length: %d", len(body)))...)
}

// request is a request with a Host and header lines.
func request(method, target, body string, lines ...string) string {
	return raw(method+" "+target+" HTTP/1.1", body, append([]string{"Host: h"}, lines...)...)
}

// raw is a request line with header lines and a body.
func raw(line, body string, lines ...string) string {
	return strings.Join(append([]string{line}, lines...), "\r\n") + "\r\n\r\n" + body
}

// named makes cases of a family: name, request, name, request, and so on.
func named(family string, pairs ...string) (cases []rawCase) {
	for i := 0; i < len(pairs); i += 2 {
		cases = append(cases, rawCase{name: family + ": " + pairs[i], raw: pairs[i+1]})
	}
	return cases
}

// each makes a case of every value.
func each(family string, make func(string) string, values ...string) (cases []rawCase) {
	for _, v := range values {
		cases = append(cases, rawCase{name: fmt.Sprintf("%s: %s", family, shorten(v)), raw: make(v)})
	}
	return cases
}

func methodCases() []rawCase {
	all := each("method", func(m string) string { return request(m, "/", "") },
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
		"QUERY", "get", "Get", "M-SEARCH",
		"A", "!#$%&'*+-.^_`|~09", strings.Repeat("X", 100))
	all = append(all, each("method with a body", func(m string) string {
		return request(m, "/", "hello", "Content-Length: 5")
	},
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")...)
	return append(all, each("method without a version's 1.1", func(m string) string {
		return raw(m+" / HTTP/1.0", "", "Host: h")
	},
		"GET", "HEAD", "POST", "OPTIONS")...)
}

func targetCases() []rawCase {
	all := each("target", func(target string) string { return get(target) },
		"/", "/a", "/a/b/c", "/a?q=1&r=2", "/?", "/a?", "/a%20b", "/%", "/%zz", "/%00", "/a//b", "//a",
		"//a/b", "//", "/a/../b", "/a/./b", "/../../a",
		"/a;p=1", "/a#fragment", "/\xc3\xa9", "/\xff\xfe", "/a?\xff", "/:80", "/@", "/a|b^c", "/a\"b",
		"/<a>", "/\\a", "/"+strings.Repeat("x", 300),
		"*", "http://other/", "http://other", "HTTP://OTHER/a?q", "https://other:444/a",
		"http://u:p@other/a", "http:///a", "http://", "ftp://x/y",
		"://x", "a://", "h", "h:80", "?q", "#", "a/b", "http:/x", "1http://x/", "http://[::1]/",
		"http://[::1/", "http://a b/", "http://oth er/", "http://%zz/")
	all = append(all, named("target",
		"asterisk", request("OPTIONS", "*", ""), "asterisk and more", request("OPTIONS", "*/", ""),
		"authority", request("CONNECT", "h:443", ""), "authority of another",
		request("CONNECT", "other:443", ""),
		"authority without a port", request("CONNECT", "other", ""), "authority with a path",
		request("CONNECT", "other:443/a", ""),
		"authority bracketed", request("CONNECT", "[::1]:443", ""),
		"absolute, HTTP/1.0", raw("GET http://other/ HTTP/1.0", ""),
	)...)
	return append(all, each("host", func(h string) string {
		return raw("GET /a?b HTTP/1.1", "", "Host:"+h)
	},
		"h", " h", " h ", "\th\t", " h:80", " h:", " h:0", " h:99999", " h:x", " h:-1", " [::1]",
		" [::1]:80", " [::1", " ::1", " [fe80::1%25eth0]", " [x]", " H.Example",
		" a b", " a,b", " h/", " h/p", " h?q", " h#f", " u@h", " http://h", " %41", " %zz", " \xc3\xa9",
		" a_b", " a\"b", " a<b", " a\\b", " a|b", " ", "",
		" 127.0.0.1", " "+strings.Repeat("h", 300), " h.", " .", " *", " h;", " 'h'", " [::1]x",
		" h:80:80")...)
}

func headerCases() []rawCase {
	return named("header",
		"none but the host", get("/"),
		"name in lower case", get("/", "accept: x"),
		"name in upper case", get("/", "ACCEPT-LANGUAGE: x"),
		"name in odd case", get("/", "aCcEpT-lAnGuAgE: x"),
		"name with an underscore", get("/", "x_y: 1"),
		"name of every sign", get("/", "!#$%&'*+-.^_`|~09aZ: 1"),
		"name of one letter", get("/", "a: 1"),
		"host in lower case", raw("GET / HTTP/1.1", "", "host: h"),
		"host in upper case", raw("GET / HTTP/1.1", "", "HOST: h"),
		"host last", raw("GET / HTTP/1.1", "", "A: 1", "B: 2", "Host: h"),
		"no space", get("/", "A:1"),
		"spaces", get("/", "A:    1   "),
		"tabs", get("/", "A:\t1\t"),
		"spaces inside", get("/", "A: 1  2\t3"),
		"empty", get("/", "A:"),
		"empty with spaces", get("/", "A:   "),
		"only a colon in the value", get("/", "A: :"),
		"colons", get("/", "A: b:c:d"),
		"repeated", get("/", "A: 1", "A: 2", "a: 3"),
		"repeated with others between", get("/", "A: 1", "B: x", "A: 2"),
		"cookies", get("/", "Cookie: a=1; b=2", "Cookie: c=3"),
		"odd cookies", get("/", "Cookie: =; ;a;=b;a=\"x y\""),
		"agent", get("/", "User-Agent: x"),
		"agent empty", get("/", "User-Agent:"),
		"agent twice", get("/", "User-Agent: x", "User-Agent: y"),
		"referer", get("/", "Referer: http://x/"),
		"content type without a body", get("/", "Content-Type: text/plain"),
		"content type twice", post("/", "x", "Content-Type: a/b", "Content-Type: c/d"),
		"content type empty", post("/", "x", "Content-Type:"),
		"content type of a form", post("/", "a=1&b=2", "Content-Type: application/x-www-form-urlencoded"),
		"content type of a form in parts",
		post("/", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
			"Content-Type: multipart/form-data; boundary=b"),
		"content type of a broken form",
		post("/", "--c", "Content-Type: multipart/form-data; boundary=b"),
		"content encoding", post("/", "\x1f\x8b", "Content-Encoding: gzip"),
		"latin1", get("/", "A: \xe9\xff\x80"),
		"quoted", get("/", `A: "x, \"y\""`),
		"fold by space", get("/", "A: 1\r\n 2"),
		"fold by tab", get("/", "A: 1\r\n\t2"),
		"fold twice", get("/", "A: 1\r\n 2\r\n  3", "B: 4"),
		"fold of nothing", get("/", "A:\r\n 1"),
		"fold to nothing", get("/", "A: 1\r\n "),
		"fold of the host", raw("GET / HTTP/1.1", "", "Host:\r\n h"),
		"fold of the length", raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length:\r\n 5"),
		"fold of connection", get("/", "Connection:\r\n close"),
		"fold of the first line", raw("GET / HTTP/1.1", "", " A: 1", "Host: h"),
		"fold by a bare LF", get("/", "A: 1\n 2"),
		"conditional", get("/", "If-Modified-Since: Mon, 02 Jan 2006 15:04:05 GMT",
			"If-None-Match: \"x\"", "Range: bytes=0-1"),
		"date", get("/", "Date: Mon, 02 Jan 2006 15:04:05 GMT"),
		"forwarded", get("/", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4"),
		"fifty",
		get("/", strings.Split(strings.TrimSuffix(strings.Repeat("A: 1\r\n", 50), "\r\n"), "\r\n")...),
		"long", get("/", "A: "+strings.Repeat("x", 700)),
		"long name", get("/", strings.Repeat("x", 700)+": 1"),
		"trailer announced", get("/", "Trailer: X-A"),
		"trailer announced twice", get("/", "Trailer: X-A, X-B", "Trailer: X-A"),
		"trailer forbidden", get("/", "Trailer: Content-Length"),
		"trailer empty", get("/", "Trailer:"),
		"te", get("/", "TE: trailers", "Connection: TE"),
		"max forwards", request("OPTIONS", "/", "", "Max-Forwards: 0"),
		"leading CRLF", "\r\n"+get("/"),
		"leading CRLFs", "\r\n\r\n\r\n"+get("/"),
		"leading LF", "\n"+get("/"),
		"leading LFs", "\n\n"+get("/"),
		"leading CR", "\r"+get("/"),
		"leading CRCRLF", "\r\r\n"+get("/"),
		"leading space", " "+get("/"),
		"trailing CRLF", get("/")+"\r\n",
		"trailing CRLFs", get("/")+"\r\n\r\n\r\n",
		"trailing LF", get("/")+"\n",
		"CRLF between", post("/", "x")+"\r\n"+get("/a"),
		"CRLFs between", post("/", "x")+"\r\n\r\n"+get("/a"),
		"LF between", post("/", "x")+"\n"+get("/a"),
		"CRs between", get("/")+"\r\r"+get("/a"),
		"space between", get("/")+" "+get("/a"),
		"nothing but CRLFs", "\r\n\r\n",
		"nothing but LFs", "\n\n\n",
	)
}
