package transport_test

import "strings"

// connectionCases change the connection, or look as if they did.
func connectionCases() []rawCase {
	// A second request shows what the first one made of the connection.
	two := func(lines ...string) string { return get("/", lines...) + get("/second") }
	all := each("connection", func(v string) string { return two("Connection:" + v) },
		" close", " Close", " CLOSE", "close", " close ", "\tclose\t", " keep-alive", " Keep-Alive",
		" keep-alive, close", " close, keep-alive", " close,close",
		" x, close", " x,close,y", " close x", " x close", " closed", " close;", " \"close\"", " ,close",
		" close,", " ,", "", " ", " te", " upgrade", " Upgrade",
		" upgrade, close", " keep-alive, upgrade", " host", " transfer-encoding", " close\x00",
		" x=close", " proxy-connection")
	all = append(all, named("connection",
		"twice, close last", two("Connection: x", "Connection: close"),
		"twice, close first", two("Connection: close", "Connection: x"),
		"twice, keep-alive last", two("Connection: close", "Connection: keep-alive"),
		"upgrade to h2c",
		two("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
		"upgrade to a websocket", two("Connection: Upgrade", "Upgrade: websocket",
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"),
		"upgrade without a connection header", two("Upgrade: h2c"),
		"upgrade with a body", post("/", "hello", "Connection: upgrade", "Upgrade: x")+get("/second"),
		"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"keep-alive header", two("Keep-Alive: timeout=5, max=1"),
		"proxy connection", two("Proxy-Connection: close"),
		"in lower case", two("connection: close"),
		"with HEAD", request("HEAD", "/", "", "Connection: close")+get("/second"),
		"with a body", post("/", "hello", "Connection: close")+get("/second"),
		"with a body too large", post("/", strings.Repeat("x", maxBody+1), "Connection: close"),
		"close after good ones", two()+two()+two("Connection: close")+two(),
		"PROXY protocol", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"+get("/"),
	)...)
	all = append(all, rawCase{
		name: "connection: TLS hello", raw: "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" +
			strings.Repeat("\x00", 32), waits: true,
	})
	old := func(line string, lines ...string) string {
		return raw(line, "", lines...) + get("/second")
	}
	return append(all, named("version",
		"1.0", old("GET / HTTP/1.0"),
		"1.0 with a host", old("GET / HTTP/1.0", "Host: h"),
		"1.0 keep-alive", old("GET / HTTP/1.0", "Connection: keep-alive"),
		"1.0 Keep-Alive", old("GET / HTTP/1.0", "Connection: Keep-Alive", "Host: h"),
		"1.0 close", old("GET / HTTP/1.0", "Connection: close"),
		"1.0 both", old("GET / HTTP/1.0", "Connection: keep-alive, close"),
		"1.0 twice keep-alive", raw("GET / HTTP/1.0", "", "Connection: keep-alive")+raw("GET /b HTTP/1.0",
			"", "Connection: keep-alive")+get("/c"),
		"1.0 after 1.1", get("/")+old("GET / HTTP/1.0", "Connection: keep-alive"),
		"1.0 with a body",
		raw("POST / HTTP/1.0", "hello", "Content-Length: 5", "Connection: keep-alive")+get("/second"),
		"1.0 without a length", raw("POST / HTTP/1.0", "hello", "Host: h"),
		"1.0 HEAD", raw("HEAD / HTTP/1.0", "", "Connection: keep-alive")+get("/second"),
		"1.0 chunked", raw("POST / HTTP/1.0", "0\r\n\r\n", "Host: h", "Transfer-Encoding: chunked"),
		"1.0 stream", raw("GET /stream HTTP/1.0", "", "Connection: keep-alive")+get("/second"),
		"1.0 expecting", raw("POST / HTTP/1.0", "hello", "Content-Length: 5", "Expect: 100-continue"),
		"1.2", old("GET / HTTP/1.2", "Host: h"),
		"1.9", old("GET / HTTP/1.9", "Host: h"),
		"2.0", old("GET / HTTP/2.0", "Host: h"),
		"0.9", old("GET / HTTP/0.9", "Host: h"),
		"9.9", old("GET / HTTP/9.9"),
		"2.0 keep-alive", old("GET / HTTP/2.0", "Host: h", "Connection: keep-alive"),
		"1.1 without a host", old("GET / HTTP/1.1"),
	)...)
}

// answerCases have every kind of answer, each with another request behind it.
func answerCases() []rawCase {
	paths := []string{
		"/head", "/type/a/b", "/type/", "/status/204", "/status/304", "/status/200", "/status/404",
		"/status/500", "/status/100", "/status/101", "/status/103",
		"/status/599", "/status/999", "/status/205", "/error", "/redirect", "/notmodified", "/close",
		"/connection/close", "/connection/keep-alive", "/connection/x",
		"/closerequest", "/headers", "/raw", "/skip", "/stream", "/writer", "/sized", "/short", "/broken",
		"/trailer", "/timeout", "/timeoutcode", "/timeoutclose",
		"/mutate", "/overwrite", "/large/20000",
	}
	all := each("answer", func(p string) string { return get(p) + get("/second") }, paths...)
	all = append(all, each("answer to HEAD", func(p string) string {
		return request("HEAD", p, "") + get("/second")
	}, paths...)...)
	all = append(all, each("answer to POST", func(p string) string {
		return post(p, "hello") + get("/second")
	}, paths...)...)
	for i := range all {
		all[i].drops = strings.Contains(all[i].raw, "/short")
	}
	for _, size := range []string{"100000", "8000000"} {
		all = append(all,
			rawCase{name: "large answer: " + size, raw: get("/large/"+size) + get("/second"), heavy: true},
			rawCase{name: "large answers: " + size,
				raw: strings.Repeat(get("/large/"+size), 3) + get("/second"), heavy: true},
			rawCase{name: "large answer behind others: " + size,
				raw: strings.Repeat(get("/a"), 20) + get("/large/"+size), heavy: true})
	}
	return all
}
