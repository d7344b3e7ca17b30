package server

import (
	"bytes"

	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/token"
)

// isExact reports whether the path and query to serve are those of the request, without its token.
// An edge that passes a request on as it came would serve anything else unverified.
func isExact(c *cdn.CDN, target []byte, v *token.Verified) bool {
	buf := buffers.Get().(*[]byte)
	b := v.AppendURI((*buf)[:0])
	n := len(b)
	b = appendWithoutToken(b, c.Base(), target)
	exact := bytes.Equal(b[:n], b[n:])
	*buf = b
	buffers.Put(buf)
	return exact
}

// appendWithoutToken appends a target without whatever may be a token: a first segment after the
// base path that starts with "~", and parameters named token. The rest stays as it came.
func appendWithoutToken(dst []byte, base string, target []byte) []byte {
	path, query := uri.Cut(target, '?')
	rest, ok := bytes.CutPrefix(path, []byte(base))
	if ok {
		dst = append(dst, base...)
	}
	if uri.Tilde(rest) > 0 {
		slash := bytes.IndexByte(rest[1:], '/')
		if slash < 0 {
			rest = rest[:1]
		} else {
			rest = rest[1+slash:]
		}
	}
	dst = append(dst, rest...)
	separator := byte('?')
	for query != nil {
		var param []byte
		if param, query = uri.Cut(query, '&'); uri.IsNamed(param, "token") {
			continue
		}
		dst = append(append(dst, separator), param...)
		separator = '&'
	}
	return dst
}
