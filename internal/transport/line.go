package transport

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"videotoken/internal/ascii"
)

// Errors of requests, for ErrorHandler. Any other malformed request is a plain 400.
var (
	ErrVersion = errors.New("transport: the HTTP version is not 1.x")
	ErrCoding  = errors.New("transport: the transfer coding is not chunked")

	errLine      = errors.New("transport: a line does not end with CRLF")
	errRequest   = errors.New("transport: the request line is malformed")
	errField     = errors.New("transport: a header field is malformed")
	errHost      = errors.New("transport: the Host is missing or malformed")
	errLength    = errors.New("transport: the Content-Length is malformed")
	errConflict  = errors.New("transport: both Content-Length and Transfer-Encoding")
	errOldCoding = errors.New("transport: Transfer-Encoding before HTTP/1.1")
	errChunk     = errors.New("transport: a chunk is malformed")
)

// framing is what the lines of a head say about the request's body.
type framing struct {
	http11    bool
	head      bool // the method is HEAD
	hasHost   bool
	hasLength bool
	chunked   bool
	expects   bool // 100-continue
	length    int64
}

// requestLine checks a request line without its CRLF (RFC 9112, section 3).
func (f *framing) requestLine(line []byte) error {
	method, rest, ok := bytes.Cut(line, []byte{' '})
	target, version, ok2 := bytes.Cut(rest, []byte{' '})
	if !ok || !ok2 || !isToken(method) || len(target) == 0 || hasControl(line) {
		return errRequest
	}
	const prefix = "HTTP/"
	if len(version) != len("HTTP/1.1") || string(version[:len(prefix)]) != prefix ||
		!isDigit(version[5]) || version[6] != '.' || !isDigit(version[7]) {
		return errRequest
	}
	f.head = string(method) == "HEAD"
	if version[5] != '1' {
		return ErrVersion
	}
	f.http11 = version[7] == '1'
	return nil
}

// field checks a header field line without its CRLF (RFC 9112, section 5), and reads those that
// frame the body. drop says that the line is an expectation that is met here, and not for fasthttp.
func (f *framing) field(line []byte) (drop bool, err error) {
	name, value, err := cutField(line)
	if err != nil {
		return false, err
	}
	switch {
	case ascii.EqualLower(name, "host"):
		if f.hasHost = true; !hasHostBytes(value) {
			return false, errHost
		}
	case ascii.EqualLower(name, "content-length"):
		if f.hasLength || !isDigits(value) {
			return false, errLength
		}
		if f.hasLength = true; f.chunked {
			return false, errConflict
		}
		if f.length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
			f.length = math.MaxInt64 // too large in any case
		}
	case ascii.EqualLower(name, "transfer-encoding"):
		switch {
		case f.hasLength:
			return false, errConflict // RFC 9112, section 6.1: an attempt at request smuggling
		case f.chunked || !ascii.EqualLower(value, "chunked"):
			return false, ErrCoding
		case !f.http11:
			return false, errOldCoding
		}
		f.chunked = true
	case ascii.EqualLower(name, "expect"):
		if len(line) >= maxExpect { // as if it had come in pieces
			return false, errField
		}
		if f.http11 && ascii.EqualLower(value, "100-continue") {
			f.expects = true
			return true, nil
		}
	}
	return false, nil
}

// cutField takes a field line apart. A line that continues the one before is malformed: it begins
// with a space, which no name does.
func cutField(line []byte) (name, value []byte, err error) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !isToken(line[:colon]) || hasControl(line[colon:]) {
		return nil, nil, errField
	}
	return line[:colon], bytes.Trim(line[colon+1:], " \t"), nil
}

// isPlain reports whether the lines of a whole head are ones that fasthttp reads as [framing] does:
// ended by CRLF, not continued, without a space in a name, a transfer coding, or an expectation.
func isPlain(head []byte) bool {
	for first := true; len(head) > 0; first = false {
		eol := bytes.IndexByte(head, '\n')
		if eol <= 0 || head[eol-1] != '\r' {
			return false
		}
		line := head[:eol-1]
		head = head[eol+1:]
		if first || len(line) == 0 {
			continue
		}
		name := line[:max(bytes.IndexByte(line, ':'), 0)]
		if len(name) == 0 || bytes.IndexByte(name, ' ') >= 0 || name[0] == '\t' ||
			ascii.EqualLower(name, "transfer-encoding") || ascii.EqualLower(name, "expect") {
			return false
		}
	}
	return true
}

// isToken reports whether b is a token (RFC 9110, section 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

var tokenBytes = func() (table [256]bool) {
	for c := range table {
		b := byte(c)
		table[c] = isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'z' ||
			bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), b) >= 0
	}
	return table
}()

// hasHostBytes reports whether b has only bytes that a host and a port may have (RFC 3986, section
// 3.2.2): no user information, which RFC 9110, section 4.2.4, has servers refuse, no quotes and
// angle brackets, and nothing outside ASCII. Where in it they may stand, fasthttp checks.
func hasHostBytes(b []byte) bool {
	for _, c := range b {
		if !hostBytes[c] {
			return false
		}
	}
	return true
}

var hostBytes = func() (table [256]bool) {
	for c := range table {
		b := byte(c)
		table[c] = isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'z' ||
			bytes.IndexByte([]byte("-._~!$&'()*+,;=%:[]"), b) >= 0
	}
	return table
}()

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// hasControl reports whether there is a control byte other than a tab.
func hasControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7F {
			return true
		}
	}
	return false
}
