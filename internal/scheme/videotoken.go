package scheme

import (
	"bytes"
	"fmt"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The service's own tokens: docs/DESIGN.md, section 3. They can express everything. Version 1 is a
// keyed BLAKE3; version 2 is HMAC-SHA256, for edges that have no BLAKE3. The signed path is the
// canonical one, without the base path, so that an edge verifies it in whatever spelling a client
// sends it.
var (
	videotoken = &Scheme{
		Name: Default,
		Doc: "The service's own token, a keyed BLAKE3; an edge verifies it by asking the " +
			"service, or with the worker.",
		KeyID:      true,
		Secret:     token.ParseSecret,
		NewSecret:  newOwnSecret,
		Parameters: []string{"token"},
		New:        func(c *CDN) (Signer, error) { return newOwn(c, token.NewKey) },
	}
	videotokenSHA256 = &Scheme{
		Name: "videotoken-sha256",
		Doc: "The service's own token with HMAC-SHA256, for edges that have no BLAKE3, " +
			"such as CloudFront Functions.",
		KeyID:      true,
		Secret:     token.ParseSecret,
		NewSecret:  newOwnSecret,
		Parameters: []string{"token"},
		New:        func(c *CDN) (Signer, error) { return newOwn(c, token.NewSHA256Key) },
	}
)

func newOwnSecret(random [32]byte) (field, text string) {
	return "secret", token.FormatSecret(random[:])
}

// Own is the signer of our own tokens.
type Own struct {
	key   *token.Key
	url   string
	base  int  // the length of the base path
	exact bool // paths are written in the one spelling that is served
}

func newOwn(c *CDN, newKey func(uint16, []byte) (*token.Key, error)) (Signer, error) {
	id, err := token.ParseID(c.Keys[0].ID)
	if err != nil {
		return nil, fmt.Errorf("the key's id %w", err)
	}
	key, err := newKey(id, c.Keys[0].Secret)
	if err != nil {
		return nil, err
	}
	return NewOwn(c.URL, key, false), nil
}

// NewOwn makes a signer of our own tokens from a key of either version. Exact has the URL's path in
// the one spelling that is served, for edges that pass on a request as it came.
func NewOwn(url string, key *token.Key, exact bool) *Own {
	_, base := (&CDN{URL: url}).cut()
	return &Own{key, url, len(base), exact}
}

// Can implements [Signer].
func (o *Own) Can() Need { return all }

// Check implements [Signer].
func (o *Own) Check(*uri.Source, *token.Claims) error { return nil }

// Append implements [Signer]. At depth 0 the token is for the source's exact path and query, and
// stands in the query. Deeper it is for a directory, and is the path's first segment, so that
// relative URLs inherit it.
//
// Bytes that no URI has (RFC 3986) are percent-encoded, and so a JSON string can have the URL as it
// is. A query is written as it is signed.
func (o *Own) Append(dst []byte, s *uri.Source, claims *token.Claims) ([]byte, error) {
	dst = append(dst, o.url...)
	start := len(dst) - o.base
	var err error
	if claims.Depth > 0 {
		if dst, err = o.key.Append(append(dst, "/~"...), claims, s.Canonical, nil); err != nil {
			return dst, err
		}
	}
	if o.exact {
		dst = uri.AppendPath(dst, s.Canonical)
	} else {
		dst = s.AppendPath(dst)
	}
	path := len(dst)
	dst = appendQuery(dst, '?', s)
	if claims.Depth == 0 {
		query := bytes.TrimPrefix(dst[path:], question)
		dst = append(append(dst, separator(s)), "token="...)
		if dst, err = o.key.AppendSpelled(dst, claims, s.Canonical, query); err != nil {
			return dst, err
		}
	}
	return appendEnd(dst, start, s)
}

var question = []byte("?")
