package transport_test

import (
	"fmt"
	"strings"
)

// lineCases are request lines that are none, or nearly none.
func lineCases() []rawCase {
	line := func(l string) string { return l + "\r\nHost: h\r\n\r\n" + get("/second") }
	all := each("line", line,
		"GET / HTTP/1.1 ", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1",
		"GET / HTTP/1.1\t", "\tGET / HTTP/1.1", "GET / a HTTP/1.1", "GET /", "GET", "/",
		"GET / ", "GET  HTTP/1.1", "GET HTTP/1.1", " / HTTP/1.1", "/ HTTP/1.1", "GET / HTTP/1.1 x",
		"GET / x HTTP/1.1", "GET / http/1.1", "GET / Http/1.1", "GET / HTTP/1", "GET / HTTP/11",
		"GET / HTTP/1.10", "GET / HTTP/01.1", "GET / HTTP/1.", "GET / HTTP/.1", "GET / HTTP/",
		"GET / HTTP", "GET / HTTPS/1.1", "GET / HTTP/1,1", "GET / HTTP /1.1", "GET / HTTP/ 1.1",
		"GET / HTTP/1.1\x00", "GET / HTTP/1.1\v", "GET / HTTP/a.b", "GET / ICY/1.1", "GET / HTTP/-1.1",
		"GET / HTTP/1.1.1", "GET / HTTP//1.1", "GET / \xc3\xa9/1.1", "GET /\x00 HTTP/1.1",
		"GET /\x01a HTTP/1.1", "GET /a\x7f HTTP/1.1", "GET /a\x1f HTTP/1.1", "GET /a\vb HTTP/1.1",
		"GET /a\rb HTTP/1.1", "GET /\r HTTP/1.1", "GET / HTTP/1.1\r", "G\rET / HTTP/1.1",
		"G\x00T / HTTP/1.1", "\x00GET / HTTP/1.1", "G(T / HTTP/1.1", "GET: / HTTP/1.1", "G@T / HTTP/1.1",
		"\"GET\" / HTTP/1.1", "G\xc3\xa9T / HTTP/1.1", "GET, / HTTP/1.1", "G{} / HTTP/1.1",
		"GET\x00/ HTTP/1.1", "GET\x0b/ HTTP/1.1", "GET\xa0/ HTTP/1.1", "GET /\xa0HTTP/1.1", "Host: h",
		"HTTP/1.1 200 OK", "GET / HTTP/1.1Host: x", "POST", "P", "{}", "\xef\xbb\xbfGET / HTTP/1.1",
		"GET / HTTP/1.1\r\r", "GET a HTTP/1.1", "GET", "   ", "\t", ":", "GET / HTTP/1.1 HTTP/1.1",
		"GET http://a/ b HTTP/1.1", "HEAD HEAD HEAD", "OPTIONS  * HTTP/1.1")
	all = append(dedupe(all), named("line",
		"bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n"+get("/second"),
		"bare LF in all lines", "GET / HTTP/1.1\nHost: h\n\n"+get("/second"),
		"bare LF in the header", "GET / HTTP/1.1\r\nHost: h\nA: 1\r\n\r\n"+get("/second"),
		"bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n"+get("/second"),
		"bare LF before the last CRLF", "GET / HTTP/1.1\r\nHost: h\n\r\n"+get("/second"),
		"bare LFs before a body", "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello"+get("/second"),
		"bare LFs before a body, and nothing behind",
		"POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello",
		"bare LFs before a body behind a good one",
		get("/a")+"POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello",
		"bare LF, and then CRLFs, before a body",
		"POST / HTTP/1.1\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
		"bare LF in the header before a body", "POST / HTTP/1.1\r\nHost: h\nContent-Length: 5\n\nhello",
		"bare LFs with CRLFs in the body", "POST / HTTP/1.1\nHost: h\nContent-Length: 8\n\nhe\r\n\r\nlo"+
			get("/second"),
		"bare LFs behind good ones", get("/a")+"GET /b HTTP/1.1\nHost: h\n\n"+get("/second"),
		"LFCR", "GET / HTTP/1.1\n\rHost: h\n\r\n\r"+get("/second"),
		"bare CRs", "GET / HTTP/1.1\rHost: h\r\r"+get("/second"),
		"CRCRLF", "GET / HTTP/1.1\r\r\nHost: h\r\r\n\r\r\n"+get("/second"),
		"no header", "GET / HTTP/1.1\r\n\r\n"+get("/second"),
		"no header, 1.0", "GET / HTTP/1.0\r\n\r\n",
		"HTTP/0.9", "GET /\r\n\r\n"+get("/second"),
		"HTTP/0.9 by itself", "GET /\r\n",
		"smuggled by a space", "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1 \r\nHost: h\r\n\r\n"+
			get("/second"),
	)...)
	for i, c := range all {
		all[i].late = strings.HasPrefix(c.name, "line: bare LF") && !strings.Contains(c.raw, "/second") &&
			!strings.Contains(c.raw, "\r\n\r\nhello")
	}
	return all
}

// dedupe drops the cases that are named as another.
func dedupe(cases []rawCase) (kept []rawCase) {
	names := map[string]bool{}
	for _, c := range cases {
		if !names[c.name] {
			kept = append(kept, c)
		}
		names[c.name] = true
	}
	return kept
}

// fieldCases are header lines that are none, and those by which requests are smuggled.
func fieldCases() []rawCase {
	field := func(f string) string { return get("/", f, "B: 2") + get("/second") }
	all := each("field", field,
		"A : 1", "A\t: 1", " A: 1", "\tA: 1", "A A: 1", ": 1", ":", " : 1", "A", "A 1", "A=1", "\"A\": 1",
		"A(b): 1", "A,b: 1", "A;b: 1", "A/b: 1", "A@b: 1", "A[b]: 1", "A{b}: 1", "A\\b: 1", "A?b: 1",
		"\x00: 1", "A\x00: 1", "A\x01b: 1", "A\x7f: 1", "\xc3\xa9: 1", "A\x80: 1", "A\xff: 1", "A\v: 1",
		"A: \x00", "A: a\x00b", "A: \x01", "A: \x1f", "A: \x7f", "A: \v", "A: a\rb", "A: \r", "A: 1\r",
		"A\r: 1",
		"\r", "\rA: 1", "A: \x08", "A: \x1b[0m", "A: \t", "A:\r\n\r", "A: 1\r\n \r\n \r\nC: 3",
		"A: 1\r\n\x00: 1", "A:1:2", "::", "A::", "A: 1\nC: 3", "A: 1\n\nC: 3")
	smuggle := func(lines ...string) string {
		return raw("POST / HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n",
			append([]string{"Host: h"}, lines...)...) + get("/smuggled")
	}
	return append(all, named("field",
		"space before the length's colon", smuggle("Content-Length : 15"),
		"tab before the length's colon", smuggle("Content-Length\t: 15"),
		"length with a leading space", smuggle("X: 1", " Content-Length: 15"),
		"length in the first fold",
		raw("POST / HTTP/1.1", "", " Content-Length: 5", "Host: h")+get("/smuggled"),
		"length behind a NUL", smuggle("\x00Content-Length: 15"),
		"length behind a CR", smuggle("X: 1\rContent-Length: 15"),
		"length behind a bare LF", smuggle("X: 1\nContent-Length: 15"),
		"space before the coding's colon", smuggle("Transfer-Encoding : chunked"),
		"coding with a leading space", smuggle("X: 1", " Transfer-Encoding: chunked"),
		"coding in a fold", smuggle("Transfer-Encoding:\r\n chunked"),
		"coding behind a bare LF", smuggle("X: 1\nTransfer-Encoding: chunked"),
		"coding and length, space before the coding's colon",
		smuggle("Content-Length: 15", "Transfer-Encoding : chunked"),
		"coding and length, odd coding", smuggle("Content-Length: 15", "Transfer-Encoding: xchunked"),
		"coding and length, two codings",
		smuggle("Content-Length: 15", "Transfer-Encoding: chunked", "Transfer-Encoding: x"),
		"coding and length, underscore", smuggle("Content-Length: 15", "Transfer_Encoding: chunked"),
		"coding and length, identity", smuggle("Content-Length: 15", "Transfer-Encoding: identity"),
		"coding and length behind good ones",
		get("/a")+smuggle("Content-Length: 15", "Transfer-Encoding: chunked"),
		"two lengths behind good ones", get("/a")+smuggle("Content-Length: 15", "Content-Length: 5"),
		"two hosts", raw("GET / HTTP/1.1", "", "Host: a", "Host: b")+get("/second"),
		"two hosts alike", raw("GET / HTTP/1.1", "", "Host: a", "Host: a")+get("/second"),
		"two hosts, one empty", raw("GET / HTTP/1.1", "", "Host:", "Host: a")+get("/second"),
		"space before the host's colon", raw("GET / HTTP/1.1", "", "Host : a")+get("/second"),
		"host with a leading space", raw("GET / HTTP/1.1", "", " Host: a")+get("/second"),
		"host in another's fold", raw("GET / HTTP/1.1", "", "A: 1", " Host: a")+get("/second"),
		"space before connection's colon", get("/", "Connection : close")+get("/second"),
		"connection behind a bare LF", get("/", "A: 1\nConnection: close")+get("/second"),
		"expect behind a bare LF", post("/", "hello", "A: 1\nExpect: 100-continue")+get("/second"),
		"no colon in the last line", get("/", "A")+get("/second"),
		"a request in the header", get("/", get("/inner"))+get("/second"),
	)...)
}

// sizeCases are heads around the limit, and lengths around the buffers.
func sizeCases() (cases []rawCase) {
	for _, n := range []int{maxHeader - 2, maxHeader - 1, maxHeader, maxHeader + 1, maxHeader + 2,
		2 * maxHeader, 40 << 10} {
		head := func(target string) string {
			rest := n - len(get(target, "A: "))
			return get(target, "A: "+strings.Repeat("x", rest))
		}
		line := get("/" + strings.Repeat("x", n-len(get("/"))))
		body := post("/", "hello", "A: "+strings.Repeat("x", n-len(post("/", "hello", "A: "))))
		cases = append(cases, named(fmt.Sprintf("head of %d bytes", n),
			"a field", head("/")+get("/second"),
			"a target", line+get("/second"),
			"behind good ones", get("/a")+post("/b", "hello")+head("/")+get("/second"),
			"with its body", body+get("/second"),
		)...)
		unfinished := strings.TrimSuffix(head("/"), "\r\n\r\n")
		cases = append(cases, rawCase{name: fmt.Sprintf("head of %d bytes: unfinished", n),
			raw: unfinished, waits: len(unfinished) < maxHeader})
	}
	return append(cases, named("head",
		"of many fields",
		get("/", strings.Split(strings.TrimSuffix(strings.Repeat("A: 1\r\n", 300), "\r\n"), "\r\n")...),
		"that is one line without an end", strings.Repeat("x", 3000),
		"that is spaces without an end", strings.Repeat(" ", 3000),
		"with a long method", strings.Repeat("X", 3000)+" / HTTP/1.1\r\nHost: h\r\n\r\n",
	)...)
}

// pipelineCases are many requests at once, with a bad or an odd one at any place.
func pipelineCases() (cases []rawCase) {
	good := func(n int) []string {
		var all []string
		for i := range n {
			switch i % 4 {
			case 0:
				all = append(all, get(fmt.Sprintf("/%d", i)))
			case 1:
				all = append(all, post(fmt.Sprintf("/%d", i), filler(i)))
			case 2:
				all = append(all, request("HEAD", fmt.Sprintf("/%d", i), ""))
			default:
				all = append(all, get(fmt.Sprintf("/status/%d", 200+i)))
			}
		}
		return all
	}
	for _, n := range []int{2, 3, 5, 10, 17, 33, 64, 100} {
		cases = append(cases,
			rawCase{name: fmt.Sprintf("pipeline of %d", n), raw: strings.Join(good(n), "")})
	}
	odd := [][2]string{
		{"a malformed one", "GET / HTTP/1.1\r\nHost : h\r\n\r\n"},
		{"garbage", "\x00\x01\x02\r\n\r\n"},
		{"a bare LF", "GET /lf HTTP/1.1\nHost: h\n\n"},
		{"a close", get("/last", "Connection: close")},
		{"a close by the handler", get("/close")},
		{"HTTP/1.0", raw("GET /old HTTP/1.0", "")},
		{"HTTP/1.0 kept alive", raw("GET /old HTTP/1.0", "", "Connection: keep-alive")},
		{"chunks", raw("POST /chunks HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n", "Host: h",
			"Transfer-Encoding: chunked")},
		{"an expectation", post("/expect", "hello", "Expect: 100-continue")},
		{"a stream", get("/stream")},
		{"a timeout", get("/timeout")},
		{"a bad length", raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: x")},
		{"a bad host", raw("GET / HTTP/1.1", "", "Host: [")},
	}
	for _, n := range []int{3, 40} {
		for _, o := range odd {
			for _, at := range []int{0, n / 2, n - 1} {
				all := good(n)
				all[at] = o[1]
				cases = append(cases, rawCase{
					name: fmt.Sprintf("pipeline of %d with %s at %d", n, o[0], at), raw: strings.Join(all, ""),
					late: at == n-1 && o[0] == "a bare LF",
				})
			}
		}
	}
	return cases
}
