package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// script is a connection on which pieces come, and then the end.
type script struct {
	pieces  [][]byte
	written bytes.Buffer
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *script) Write(b []byte) (int, error) { return s.written.Write(b) }

// framed is what a framer passes on of raw bytes that come size by size.
func framed(raw []byte, size int) (passed []byte, interim string, err error) {
	s := &script{}
	for len(raw) > 0 {
		n := min(size, len(raw))
		s.pieces = append(s.pieces, raw[:n])
		raw = raw[n:]
	}
	f := framer{maxBody: testBody}
	buf := make([]byte, 512)
	for {
		n, err := f.read(s, buf)
		passed = append(passed, buf[:n]...)
		if err != nil {
			return passed, s.written.String(), err
		}
	}
}

const testBody = 4 << 10

func TestFramer(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\n"
	const chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
	extension := func(n int) string { return ";" + strings.Repeat("x", n-1) }
	for _, c := range []struct {
		name, raw, passed, interim string
		err                        error
	}{
		{"a length", head + "Content-Length: 5\r\n\r\nhello", head + "Content-Length: 5\r\n\r\nhello", "",
			io.EOF},
		{"part of a body", head + "Content-Length: 5\r\n\r\nhell", head + "Content-Length: 5\r\n\r", "",
			io.EOF},
		{"chunks become one", chunked + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
			chunked + "00000005\r\nhello\r\n0\r\n\r\n", "", io.EOF},
		{"no chunks", chunked + "0\r\n\r\n", chunked + "0\r\n\r\n", "", io.EOF},
		{"a trailer is dropped", chunked + "1\r\nx\r\n0\r\nOrigin: https://evil.example\r\n\r\n",
			chunked + "00000001\r\nx\r\n0\r\n\r\n", "", io.EOF},
		{"an extension", chunked + "1;a=\"b c\";d=e\r\nx\r\n0;f\r\n\r\n",
			chunked + "00000001\r\nx\r\n0\r\n\r\n", "", io.EOF},
		{"extensions of 256 bytes", chunked + "1" + extension(128) + "\r\nx\r\n0" +
			extension(128) + "\r\n\r\n", chunked + "00000001\r\nx\r\n0\r\n\r\n", "", io.EOF},
		{"extensions of 257 bytes", chunked + "1" + extension(128) + "\r\nx\r\n0" +
			extension(129) + "\r\n\r\n", strings.TrimSuffix(chunked, "\n"), "", errChunk},
		{"a bare semicolon", chunked + "1;\r\nx\r\n0\r\n\r\n", strings.TrimSuffix(chunked, "\n"), "",
			errChunk},
		{"a space after the size", chunked + "1 \r\nx\r\n0\r\n\r\n", strings.TrimSuffix(chunked, "\n"),
			"", errChunk},
		{"a control byte in an extension", chunked + "1;a=\"\x01\"\r\nx\r\n0\r\n\r\n",
			strings.TrimSuffix(chunked, "\n"), "", errChunk},
		{"a bare LF after a chunk", chunked + "1\r\nx\n0\r\n\r\n", strings.TrimSuffix(chunked, "\n"), "",
			errChunk},
		{"a bare LF after a size", chunked + "1\nx\r\n0\r\n\r\n", strings.TrimSuffix(chunked, "\n"), "",
			errChunk},
		{"a chunk too large", chunked + "1001\r\n", chunked + "1001\r\nG", "", fasthttp.ErrBodyTooLarge},
		{"a length too large", head + "Content-Length: 4097\r\n\r\n",
			head + "Content-Length: 4097\r\n\r\nG", "", fasthttp.ErrBodyTooLarge},
		{"an expectation", head + "expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
			head + "Content-Length: 1\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n", io.EOF},
		{"an expectation of too much", head + "Expect: 100-continue\r\nContent-Length: 4097\r\n\r\n",
			head + "Content-Length: 4097\r\n\r\nG", "", fasthttp.ErrBodyTooLarge},
		{"another expectation", head + "Expect: x\r\n\r\n", head + "Expect: x\r\n\r\n", "", io.EOF},
		{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "", "", ErrVersion},
		{"HTTP/1.9", "GET / HTTP/1.9\r\nHost: h\r\n\r\n", "GET / HTTP/1.9\r\nHost: h\r\n\r\n", "",
			io.EOF},
		{"identity", head + "Transfer-Encoding: identity\r\n\r\n", head, "", ErrCoding},
		{"two codings", head + "Transfer-Encoding: gzip, chunked\r\n\r\n", head, "", ErrCoding},
		{"a length, then a coding", head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
			head + "Content-Length: 1\r\n", "", errConflict},
		{"a coding, then a length", head + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
			head + "Transfer-Encoding: chunked\r\n", "", errConflict},
		{"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
			"POST / HTTP/1.0\r\n", "", errOldCoding},
		{"a folded line", head + " x\r\n\r\n", head, "", errField},
		{"a space before the colon", head + "A : x\r\n\r\n", head, "", errField},
		{"a space in a name", head + "A B: x\r\n\r\n", head, "", errField},
		{"user information", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "GET / HTTP/1.1\r\n", "", errHost},
		{"a bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", "", "", errLine},
	} {
		t.Run(c.name, func(t *testing.T) {
			passed, interim, err := framed([]byte(c.raw), len(c.raw))
			// A byte after the good lines only makes fasthttp answer the error.
			got := string(passed)
			if len(c.passed) == 0 {
				got = strings.TrimSuffix(got, "G")
			}
			if got != c.passed || interim != c.interim || !errors.Is(err, c.err) {
				t.Errorf("passed %q, interim %q, %v", passed, interim, err)
			}
		})
	}
}

// FuzzFramer: net/http takes every request that a framer passes on whole, and reads the same body;
// and it does not matter in which pieces a request comes.
func FuzzFramer(f *testing.F) {
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n" +
			"A: b\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
		"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		passed, interim, err := framed(raw, len(raw)+1)
		if inPieces, interim2, err2 := framed(raw, 1); err == io.EOF && (err2 != io.EOF ||
			!bytes.Equal(passed, inPieces) || interim != interim2) || (err == io.EOF) != (err2 == io.EOF) {
			t.Fatalf("whole: %q %q %v; in pieces: %q %q %v", passed, interim, err, inPieces, interim2, err2)
		}
		theirs, ours := bufio.NewReader(bytes.NewReader(bytes.TrimLeft(raw, "\r\n"))),
			bufio.NewReader(bytes.NewReader(bytes.TrimLeft(passed, "\r\n")))
		for {
			got, err := http.ReadRequest(ours)
			if err != nil {
				return // it is for fasthttp to refuse
			}
			gotBody, err := io.ReadAll(got.Body)
			if err != nil {
				return // too large, or not all there
			}
			want, err := http.ReadRequest(theirs)
			if err != nil {
				t.Fatalf("net/http refuses: %v", err)
			}
			wantBody, err := io.ReadAll(want.Body)
			if err != nil || got.Method != want.Method || got.RequestURI != want.RequestURI ||
				!bytes.Equal(gotBody, wantBody) {
				t.Fatalf("%s %s %q; net/http: %s %s %q, %v", got.Method, got.RequestURI, gotBody, want.Method,
					want.RequestURI, wantBody, err)
			}
			if next, _ := ours.Peek(2); string(next) == "\r\n" {
				return // net/http has no empty lines between requests
			}
		}
	})
}

// FuzzPlain: a framer takes every head that a loop takes, and frames it in the same way.
func FuzzPlain(f *testing.F) {
	for _, lines := range []string{"Host: h\r\n", "Host: h\r\nContent-Length: 2\r\n",
		"Host: h\r\nA B: c\r\n", "Host: h\r\nTransfer-Encoding: identity\r\n", "Host: h\r\nA: b\n\r\n",
		"host: h\r\n c\r\n"} {
		f.Add([]byte("POST / HTTP/1.1\r\n" + lines + "\r\n"))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if i := bytes.Index(head, []byte("\r\n\r\n")); i != len(head)-4 || !isPlain(head) {
			return
		}
		var h fasthttp.RequestHeader
		if r := bufio.NewReaderSize(bytes.NewReader(head), 1<<16); h.Read(r) != nil || r.Buffered() > 0 ||
			!h.IsHTTP11() || !hasHostBytes(h.Host()) {
			return
		}
		var g framing
		for i, line := range bytes.Split(bytes.TrimSuffix(head, []byte("\r\n\r\n")), []byte("\r\n")) {
			var err error
			if i == 0 {
				err = g.requestLine(line)
			} else {
				_, err = g.field(line)
			}
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
		if g.hasLength && g.length != int64(h.ContentLength()) || !g.hasLength && h.ContentLength() > 0 {
			t.Fatalf("length %d, not %d", g.length, h.ContentLength())
		}
	})
}
