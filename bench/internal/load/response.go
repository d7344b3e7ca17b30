package load

import (
	"bytes"
	"errors"
	"strconv"
)

// response is one response at the start of a buffer. Its body points into the buffer.
type response struct {
	code   int
	body   []byte // as sent: a chunked body includes the framing of its chunks
	size   int    // of the whole response in bytes
	closes bool   // the server will close the connection
}

// maxResponse bounds what a connection buffers, in bytes.
const maxResponse = 64 << 20

var (
	errResponse = errors.New("the response is not HTTP/1.1 with a Content-Length or chunks")
	errLarge    = errors.New("the response is over 64 MiB")
)

// parse parses the response at the start of b. If it is incomplete, need is the size that b must
// reach before the next attempt. It reads what framing needs (RFC 9112, section 6.3) and nothing
// more, and does not allocate: at 100,000 responses a second a general parser would be the
// generator's largest cost.
func parse(b []byte) (r response, need int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > 64<<10 {
			return r, 0, errResponse
		}
		return r, len(b) + 1, nil
	}
	const status = len("HTTP/1.1 200")
	if end < status || string(b[:len("HTTP/1.")]) != "HTTP/1." {
		return r, 0, errResponse
	}
	for _, c := range b[status-3 : status] {
		if c < '0' || c > '9' {
			return r, 0, errResponse
		}
		r.code = r.code*10 + int(c-'0')
	}
	length, chunked := -1, false
	for line := range lines(b[:end]) {
		// Only these three names start with the compared letters; other lines cost one comparison.
		switch {
		case hasFold(line, "content-length:"):
			if length, err = strconv.Atoi(
				string(bytes.TrimSpace(line[len("content-length:"):]))); err != nil || length < 0 {
				return r, 0, errResponse
			}
		case hasFold(line, "transfer-encoding:"):
			chunked = true
		case hasFold(line, "connection:"):
			r.closes = bytes.EqualFold(bytes.TrimSpace(line[len("connection:"):]), []byte("close"))
		}
	}
	start := end + 4
	switch {
	case r.code == 204 || r.code == 304:
		length = 0
	case chunked:
		if length, need, err = chunks(b[start:]); need > 0 || err != nil {
			return r, start + need, err
		}
	case length < 0:
		// delimited by the end of the connection: indistinguishable from a truncated one
		return r, 0, errResponse
	}
	if length > maxResponse {
		return r, 0, errLarge
	}
	if r.size = start + length; len(b) < r.size {
		return r, r.size, nil
	}
	r.body = b[start:r.size]
	return r, 0, nil
}

// lines yields the lines of a head after the status line.
func lines(b []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		i := bytes.IndexByte(b, '\n')
		for i >= 0 {
			b = b[i+1:]
			i = bytes.IndexByte(b, '\n')
			line := b
			if i >= 0 {
				line = b[:i]
			}
			if !yield(line) {
				return
			}
		}
	}
}

// hasFold reports whether line begins with name, in any case. name is in lower case.
func hasFold(line []byte, name string) bool {
	return len(line) >= len(name) && line[0]|0x20 == name[0] &&
		bytes.EqualFold(line[:len(name)], []byte(name))
}

// chunks returns the size of a chunked body (RFC 9112, section 7.1) including its framing.
func chunks(b []byte) (size, need int, err error) {
	for {
		eol := bytes.Index(b[size:], []byte("\r\n"))
		if eol < 0 {
			return 0, len(b) + 1, nil
		}
		digits, _, _ := bytes.Cut(b[size:size+eol], []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		if err != nil {
			return 0, 0, errResponse
		}
		if n > maxResponse || size > maxResponse {
			return 0, 0, errLarge
		}
		size += eol + 2 + int(n) + 2
		if n == 0 && len(b) >= size && string(b[size-2:size]) != "\r\n" {
			return 0, 0, errResponse // trailers, which no measured server sends
		}
		if len(b) < size {
			return 0, size, nil
		}
		if n == 0 {
			return size, 0, nil
		}
	}
}
