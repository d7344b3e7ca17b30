package cdn

import (
	"fmt"

	"videotoken/internal/uri"
	"videotoken/token"
)

var errTooLong = fmt.Errorf("is too long: with its token, path and query must be %d bytes at most, percent-encoded", uri.MaxTarget)

// Append appends the URL at which the CDN serves a source, with a token signed by the CDN's first
// key. At depth 0 the token is for the source's exact path and query, and stands in the query.
// Deeper it is for a directory, and is the path's first segment, so that relative URLs inherit it.
//
// Bytes that no URI has (RFC 3986) are percent-encoded, and so a JSON string can have the URL as it
// is. A query is written as it is signed.
func (c *CDN) Append(dst []byte, s *uri.Source, claims *token.Claims) ([]byte, error) {
	dst = append(dst, c.URL...)
	start := len(dst) - len(c.base)
	var err error
	if claims.Depth > 0 {
		if dst, err = c.Keys[0].Append(append(dst, "/~"...), claims, s.Canonical, nil); err != nil {
			return dst, err
		}
		dst = c.appendPath(dst, s)
		if len(s.Query) > 0 {
			dst = uri.AppendQuery(append(dst, '?'), s.Query)
		}
	} else {
		dst = append(c.appendPath(dst, s), '?')
		if len(s.Query) > 0 {
			dst = append(uri.AppendQuery(dst, s.Query), '&')
		}
		if dst, err = c.Keys[0].Append(append(dst, "token="...), claims, s.Canonical, s.Query); err != nil {
			return dst, err
		}
	}
	if len(dst)-start > uri.MaxTarget {
		return dst, errTooLong
	}
	return s.AppendFragment(dst), nil
}

// appendPath appends the path of a source as it came, or in the one spelling that is served where
// the CDN takes no other.
func (c *CDN) appendPath(dst []byte, s *uri.Source) []byte {
	if c.ExactRequests {
		return uri.AppendPath(dst, s.Canonical)
	}
	return s.AppendPath(dst)
}
