package server

import (
	"bytes"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// isExact reports whether the path and query to serve are those of the request, without its token.
// An edge that passes a request on as it came would serve anything else unverified.
func isExact(c *cdn.CDN, uri []byte, v *token.Verified) bool {
	buf := buffers.Get().(*[]byte)
	b := v.AppendURI((*buf)[:0])
	n := len(b)
	b = appendWithoutToken(b, c.Base(), uri)
	exact := bytes.Equal(b[:n], b[n:])
	*buf = b
	buffers.Put(buf)
	return exact
}

// appendWithoutToken appends a URI without whatever may be a token: a first segment after the base
// path that starts with "~", and parameters named token. The rest stays as it came.
func appendWithoutToken(dst []byte, base string, uri []byte) []byte {
	path, query, _ := bytes.Cut(uri, []byte("?"))
	hasQuery := len(path) < len(uri)
	rest, ok := bytes.CutPrefix(path, []byte(base))
	if ok {
		dst = append(dst, base...)
	}
	if isTokenSegment(rest) {
		slash := bytes.IndexByte(rest[1:], '/')
		if slash < 0 {
			rest = rest[:1]
		} else {
			rest = rest[1+slash:]
		}
	}
	dst = append(dst, rest...)
	separator := byte('?')
	for hasQuery {
		var param []byte
		param, query, hasQuery = bytes.Cut(query, []byte("&"))
		if name, _, _ := bytes.Cut(param, []byte("=")); string(name) == "token" {
			continue
		}
		dst = append(append(dst, separator), param...)
		separator = '&'
	}
	return dst
}

// isTokenSegment reports whether the first segment of a path starts with "~", encoded or not.
func isTokenSegment(path []byte) bool {
	if len(path) < 2 || path[0] != '/' {
		return false
	}
	return path[1] == '~' ||
		len(path) >= 4 && (string(path[1:4]) == "%7E" || string(path[1:4]) == "%7e")
}
