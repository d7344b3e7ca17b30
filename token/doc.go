// Package token is the videotoken URL token: the claims that let a client fetch one path, or every
// path below one directory, until a point in time, and the tag that vouches for them. Version 1 has
// a keyed BLAKE3 tag, version 2 an HMAC-SHA256 one for edges that have nothing else.
//
// Most callers want one of two calls. An edge that has a request's URI calls [Keys.Verify]:
//
//	key, err := token.NewKey(7, secret)
//	keys := token.Keys{key}
//	v, err := keys.Verify(token.Request{URI: uri, Now: time.Now().Unix(), Leeway: 10})
//	if err != nil {
//		// errors.Is(err, token.ErrExpired), ...; token.Reason(err) for a header
//	}
//	origin := v.AppendURI(nil) // the path and query to serve, without the token
//
// A signer calls [Canonical] once for a path and then [Key.Append], which appends the token's text
// form to a buffer.
//
// The package reads no clock, knows no HTTP and no JSON, and neither direction allocates. The
// format is specified in docs/DESIGN.md, section 3; testdata/vectors.json has cases for every
// implementation of it.
package token
