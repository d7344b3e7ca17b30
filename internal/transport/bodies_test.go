package transport_test

import (
	"fmt"
	"strings"
)

// lengthCases are bodies with a Content-Length, and what claims to be one.
func lengthCases() []rawCase {
	all := each("length", func(v string) string {
		return raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length:"+v) + get("/second")
	},
		" 5", "5", " 5 ", "\t5\t", " 05", " 0000000000000000005", " +5", " -5", " -0", " 0x5", " 5.0",
		" 5e0", " 5,5", " 5, 5", " 5 5", " 5;", " \"5\"", "", " ", " x", " 5x", " x5",
		" 4", " 0", " 00", " 18446744073709551616", " 18446744073709551621", " 9223372036854775807",
		" 9223372036854775808", " 99999999999999999999999", " 4294967301", " \xd9\xa5", " 5\x00",
		" \x005", " 1_0", " 5\v")
	all = append(all, named("length",
		"twice alike", raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length: 5",
			"Content-Length: 5")+get("/second"),
		"twice different", raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length: 5",
			"Content-Length: 6")+get("/second"),
		"twice, zero first", raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length: 0",
			"Content-Length: 5")+get("/second"),
		"in lower case", raw("POST / HTTP/1.1", "hello", "Host: h", "content-length: 5")+get("/second"),
		"in upper case", raw("POST / HTTP/1.1", "hello", "Host: h", "CONTENT-LENGTH: 5")+get("/second"),
		"with an underscore",
		raw("POST / HTTP/1.1", "hello", "Host: h", "Content_Length: 5")+get("/second"),
		"missing in POST", raw("POST / HTTP/1.1", "", "Host: h")+get("/second"),
		"missing with a body", raw("POST / HTTP/1.1", "hello\r\n", "Host: h"),
		"zero", post("/", "")+get("/second"),
		"zero in GET", get("/", "Content-Length: 0")+get("/second"),
		"body of CRLFs", post("/", "\r\n\r\n\r\n\r\n")+get("/second"),
		"body that looks like a request", post("/", get("/inner"))+get("/second"),
		"body of every byte", post("/", everyByte())+get("/second"),
		"body overwritten by the handler", post("/overwrite", get("/inner"))+get("/second"),
	)...)
	for _, n := range []int{100, 1000, maxHeader, 5000, 16 << 10, 32<<10 - 60, 32 << 10, 33 << 10,
		maxBody - 1, maxBody} {
		all = append(all, rawCase{name: fmt.Sprintf("length: a body of %d bytes", n),
			raw: post("/", filler(n)) + get("/second")})
	}
	for _, n := range []int{maxBody + 1, 2 * maxBody} {
		all = append(all, rawCase{name: fmt.Sprintf("length: too large, %d bytes", n),
			raw: post("/", filler(n)) + get("/second")})
	}
	return append(all, rawCase{name: "length: too large, not sent",
		raw: raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 40961")})
}

func everyByte() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// filler is a text of n bytes no two parts of which are alike.
func filler(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()[:n]
}

// chunkedCases are bodies in chunks, and other transfer codings, which no loop answers.
func chunkedCases() []rawCase {
	body := func(b string, lines ...string) string {
		return raw("POST / HTTP/1.1", b,
			append([]string{"Host: h", "Transfer-Encoding: chunked"}, lines...)...) + get("/second")
	}
	all := each("chunked", func(b string) string { return body(b) },
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
		"05\r\nhello\r\n00\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n",
		"5;x\r\nhello\r\n0\r\n\r\n", "5;x=1\r\nhello\r\n0;y\r\n\r\n", "5 ;x=\"a;b\"\r\nhello\r\n"+
			"0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "5\r\nhello\n0\r\n\r\n",
		" 5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n",
		"-5\r\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
		"5\r\nhell\r\n0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n", "4\r\nhello\r\n0\r\n\r\n",
		"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n",
		"5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n", "5\r\nhello\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n", "0\r\n"+
			"Content-Length: 5\r\n\r\n", "0\r\nHost: x\r\n\r\n", "0\r\nX A: 1\r\n\r\n", "0\r\nbad\r\n\r\n",
		"5;"+strings.Repeat("x", 2*maxHeader)+"\r\nhello\r\n0\r\n\r\n",
		"0\r\nX-A: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n")
	all = append(all, named("chunked",
		"with a length", body("5\r\nhello\r\n0\r\n\r\n", "Content-Length: 5"),
		"with a length before", raw("POST / HTTP/1.1", "0\r\n\r\n", "Host: h", "Content-Length: 6",
			"Transfer-Encoding: chunked")+get("/second"),
		"with a bad length", body("0\r\n\r\n", "Content-Length: x"),
		"with a zero length", body("0\r\n\r\n", "Content-Length: 0"),
		"announced trailer", body("5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n", "Trailer: X-A"),
		"twice", body("0\r\n\r\n", "Transfer-Encoding: chunked"),
		"then identity", body("0\r\n\r\n", "Transfer-Encoding: identity"),
		"GET", raw("GET / HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n", "Host: h", "Transfer-Encoding: chunked")+
			get("/second"),
		"expecting", body("5\r\nhello\r\n0\r\n\r\n", "Expect: 100-continue"),
		"behind good ones", get("/a")+post("/b", "x")+body("5\r\nhello\r\n0\r\n\r\n"),
		"too large", body(fmt.Sprintf("%x\r\n", maxBody+1)+filler(maxBody+1)+"\r\n0\r\n\r\n"),
		"as large as may be", body(fmt.Sprintf("%x\r\n", maxBody)+filler(maxBody)+"\r\n0\r\n\r\n"),
	)...)
	return append(all, each("coding", func(v string) string {
		return raw("POST / HTTP/1.1", "0\r\n\r\n", "Host: h", "Transfer-Encoding:"+v) + get("/second")
	},
		" Chunked", " CHUNKED", "chunked", " chunked ", "\tchunked", " gzip, chunked", " chunked, gzip",
		" gzip", " identity", " Identity", " x", "", " ", " chunked,", " ,chunked",
		" \"chunked\"", " chunked;q=1", " xchunked", " chunkedx", "\vchunked", " chunked\x00",
		" chunked, chunked", " chunked, identity")...)
}

// expectCases ask before they send, though they do not wait.
func expectCases() []rawCase {
	return append(each("expect", func(v string) string {
		return post("/", "hello", "Expect:"+v) + get("/second")
	},
		" 100-continue", " 100-Continue", "100-continue", " 100-continue ", " 200-ok", "", " ",
		" 100-continue, x", " x"),
		named("expect",
			"refused", post("/no", "hello", "Expect: 100-continue")+get("/second"),
			"without a body", get("/", "Expect: 100-continue")+get("/second"),
			"refused without a body", get("/no", "Expect: 100-continue")+get("/second"),
			"too large", post("/", filler(maxBody+1), "Expect: 100-continue"),
			"twice", post("/", "hello", "Expect: x", "Expect: 100-continue")+get("/second"),
			"in lower case", post("/", "hello", "expect: 100-continue")+get("/second"),
			"and close", post("/", "hello", "Expect: 100-continue", "Connection: close")+get("/second"),
			"behind good ones", get("/a")+post("/", "hello", "Expect: 100-continue")+get("/second"),
			"bad length",
			raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length: x", "Expect: 100-continue"),
		)...)
}

// cutCases are cut off.
func cutCases() (cases []rawCase) {
	for _, c := range [][2]string{
		{"a method", "GE"}, {"a method and a space", "GET "}, {"a target", "GET /a"},
		{"a version", "GET / HTTP/1."}, {"a request line", "GET / HTTP/1.1"},
		{"a request line and CR", "GET / HTTP/1.1\r"}, {"a request line and CRLF", "GET / HTTP/1.1\r\n"},
		{"a name", "GET / HTTP/1.1\r\nHos"}, {"a colon", "GET / HTTP/1.1\r\nHost:"},
		{"a value", "GET / HTTP/1.1\r\nHost: h"}, {"a line", "GET / HTTP/1.1\r\nHost: h\r\n"},
		{"the last CR", "GET / HTTP/1.1\r\nHost: h\r\n\r"},
		{"a body not begun", raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 500")},
		{"a body", raw("POST / HTTP/1.1", "hello", "Host: h", "Content-Length: 500")},
		{"a long body", raw("POST / HTTP/1.1", filler(36<<10), "Host: h", "Content-Length: 40000")},
		{"a body without a host", raw("POST / HTTP/1.1", "", "Content-Length: 500")},
		{"a chunk's length", raw("POST / HTTP/1.1", "5", "Host: h", "Transfer-Encoding: chunked")},
		{"a chunk", raw("POST / HTTP/1.1", "ff\r\nhello", "Host: h", "Transfer-Encoding: chunked")},
		{"the last chunk",
			raw("POST / HTTP/1.1", "5\r\nhello\r\n", "Host: h", "Transfer-Encoding: chunked")},
		{"the body after 100 Continue",
			raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: 500", "Expect: 100-continue")},
		{"a CR", "\r"}, {"a CR behind a good one", get("/") + "\r"},
	} {
		cases = append(cases,
			rawCase{name: "cut: " + c[0], raw: c[1], waits: true},
			rawCase{name: "cut behind good ones: " + c[0], raw: get("/a") + post("/b", "hello") + c[1],
				waits: true, drops: c[0] == "the last chunk"})
	}
	// A line that is not all there is not judged, nor one that may go on in the next.
	for _, begun := range []string{"A(b", "A\x00", "A : ", ": 1", "A : 1\r\n", "\x00", "("} {
		cases = append(cases, rawCase{name: "cut: a bad field, " + shorten(begun),
			raw: "GET / HTTP/1.1\r\nHost: h\r\n" + begun, waits: true})
	}
	// What is wrong with the others is said at once.
	for _, begun := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\nA : 1\r\nB", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\nA",
		"GET / HTTP/1.1\r\n Host: h", "GET / HTTP/1.1\r\nContent-Length: x\r\nA",
		"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\nA", "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\nB",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\nHost: h\r\nA",
		"GET / HTTP/1.1\r\nTransfer-Encoding: x\r\nA", "GET /\x01 HTTP/1.1\r\n", "GET / HTTP/1.\r\n",
		"GET\r\n", "G(T / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost: h\r\nTrailer: Host\r\nA",
		"GET / HTTP/1.1\r\n\t",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nHost: h\r\nA",
	} {
		cases = append(cases,
			rawCase{name: "begun badly: " + shorten(begun), raw: begun},
			rawCase{name: "begun badly behind good ones: " + shorten(begun),
				raw: get("/a") + post("/b", "hello") + begun})
	}
	return cases
}
