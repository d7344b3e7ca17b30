package scheme

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"

	"videotoken/internal/uri"
)

// appendWire appends a CDN's base path and a source's path as they go over the wire.
func appendWire(dst []byte, base string, s *uri.Source) []byte {
	return s.AppendPath(append(dst, base...))
}

// appendQuery appends the source's query, after first, and nothing where there is none.
func appendQuery(dst []byte, first byte, s *uri.Source) []byte {
	if len(s.Query) == 0 {
		return dst
	}
	return uri.AppendQuery(append(dst, first), s.Query)
}

var errTooLong = fmt.Errorf("is too long: with its token, path and query must be %d bytes at "+
	"most, percent-encoded", uri.MaxTarget)

// appendEnd appends the fragment to a URL whose path starts at the given index. It refuses a URL
// that is too long for edges and browsers.
func appendEnd(dst []byte, path int, s *uri.Source) ([]byte, error) {
	if len(dst)-path > uri.MaxTarget {
		return dst, errTooLong
	}
	return s.AppendFragment(dst), nil
}

// separator is what comes before one more parameter.
func separator(s *uri.Source) byte {
	if len(s.Query) > 0 {
		return '&'
	}
	return '?'
}

// directory returns the part of a wire path that ends with the slash after its first depth segments
// of the source's own path.
func directory(wire []byte, base string, depth int) []byte {
	end := len(base)
	for range depth {
		end += 1 + bytes.IndexByte(wire[end+1:], '/')
	}
	return wire[:end+1]
}

// appendBase64 appends the text of b in an encoding.
func appendBase64(dst []byte, e *base64.Encoding, b []byte) []byte {
	n := e.EncodedLen(len(b))
	dst = slices.Grow(dst, n)
	e.Encode(dst[len(dst):len(dst)+n], b)
	return dst[:len(dst)+n]
}

// component are the bytes that JavaScript's encodeURIComponent leaves as they are.
var component = func() (t [256]bool) {
	for _, c := range []byte(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()") {
		t[c] = true
	}
	return t
}()

// appendComponent appends b as encodeURIComponent (ECMA-262, section 19.2.6.4) escapes it.
func appendComponent(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range b {
		if component[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// appendDecoded appends the bytes that a percent-encoded text stands for.
func appendDecoded(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if c, ok := uri.Unescape(text[i:]); ok {
			dst = append(dst, c)
			i += 2
		} else {
			dst = append(dst, text[i])
		}
	}
	return dst
}
