package token

import "videotoken/internal/uri"

// AppendRenewed appends the path and query of an accepted request with a new token in the place of
// the old one: of key k, with the claims c, whose depth is that of the old token. path is the
// canonical form of v.Path. What follows an exact token is left out: it was never signed.
//
// A renewed URL is the request's own but for that, so that a player can put the new token wherever
// it has the old one.
func (v *Verified) AppendRenewed(dst []byte, k *Key, c *Claims, path Path) ([]byte, error) {
	dst = append(dst, v.base...)
	var err error
	if !v.isInQuery() {
		if dst, err = k.Append(append(dst, "/~"...), c, path, nil); err != nil {
			return dst, err
		}
		dst = uri.AppendRawPath(dst, v.Path)
		if c.Depth > 0 && v.query != nil {
			dst = uri.AppendQuery(append(dst, '?'), v.query)
		}
		return dst, nil
	}
	dst = append(uri.AppendRawPath(dst, v.Path), '?')
	if c.Depth == 0 {
		if len(v.query) > 0 {
			dst = append(uri.AppendQuery(dst, v.query), '&')
		}
		return k.Append(append(dst, "token="...), c, path, v.query)
	}
	for query := v.query; query != nil; {
		var param []byte
		if param, query = uri.Cut(query, '&'); uri.IsNamed(param, "token") {
			dst, err = k.Append(append(dst, "token="...), c, path, nil)
		} else {
			dst = uri.AppendQuery(dst, param)
		}
		if query != nil {
			dst = append(dst, '&')
		}
	}
	return dst, err
}

// isInQuery reports whether the token stands in the query.
func (v *Verified) isInQuery() bool {
	if v.Claims.Depth == 0 {
		return v.query != nil // what stands before the token's own parameter
	}
	for query := v.query; query != nil; {
		var param []byte
		if param, query = uri.Cut(query, '&'); uri.IsNamed(param, "token") {
			return true
		}
	}
	return false
}
