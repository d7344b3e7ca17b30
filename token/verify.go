package token

import (
	"bytes"
	"crypto/subtle"
	"net/netip"

	"videotoken/internal/uri"
)

// Request is what a verifier knows of a request.
type Request struct {
	// URI is the path and query as they stand in the request line: the token is the first segment
	// of the path, after a "~", or the query's parameter "token".
	URI []byte
	// Base is a path that every URI starts with, such as "/films", in the spelling of
	// [Verified.AppendURI] and without a slash at its end. The token stands after it, and it is not
	// signed. A URI without it is refused with ErrPath.
	Base string
	// Now is the time in Unix seconds, and Leeway the seconds that clocks may differ.
	Now, Leeway int64
	// Client is the client's address, which only tokens bound to one need.
	Client netip.Addr
	// Revoked reports whether a session was revoked; nil where none is.
	Revoked func(session [8]byte) bool
	// Prefetch is called with the token's session as soon as that is read, before the tag is
	// computed, and Revoked may be called with it after that; nil where that helps nothing. It is
	// for a set that is too large for the processor's caches, which can load meanwhile what Revoked
	// will read. The token may be forged, so Prefetch must be cheap.
	Prefetch func(session [8]byte)
}

// Verified is a token that was accepted.
type Verified struct {
	Key    uint16 // the id of the key that signed it
	Claims Claims
	// Path is the path without the base and the token, a part of the request's URI and spelled as
	// it was there.
	Path []byte

	base  string
	query []byte // as signed at depth 0, else the client's, with the token's own parameter
}

// Verify accepts or refuses a request's token. A refusal is an [Error], the first reason in the
// order of docs/DESIGN.md, section 3. The result refers to r.URI.
func (ks Keys) Verify(r Request) (Verified, error) {
	text, t, err := split(r.URI, r.Base)
	if err != nil {
		return Verified{}, err
	}
	var raw [maxSize + 2]byte // whole quanta of three bytes
	n, ok := decodeToken(&raw, text)
	if !ok {
		return Verified{}, ErrMalformed
	}
	h, err := parse(raw[:n])
	if err != nil {
		return Verified{}, err
	}
	if r.Prefetch != nil && h.claims.HasSession {
		r.Prefetch(h.claims.Session)
	}
	if len(text) > maxText {
		return Verified{}, ErrMalformed
	}
	key := ks.find(h.version, h.key)
	if key == nil {
		return Verified{}, ErrUnknownKey
	}
	client := r.Client.Unmap()
	if h.bits >= 0 {
		if !client.IsValid() || r.Client.Zone() != "" || client.Is4() == h.ipv6 {
			return Verified{}, ErrIP
		}
		h.claims.IP, _ = client.Prefix(h.bits) // the bits were checked
	}
	if !uri.Check(r.URI) {
		return Verified{}, ErrPath
	}
	query := t.query
	if h.claims.Depth == 0 {
		query = t.signed
	}
	m := key.macs.Get().(*mac)
	err = m.verify(raw[:n], &h, client, t.path, query)
	key.macs.Put(m)
	switch {
	case err != nil:
		return Verified{}, err
	case r.Now > int64(h.claims.Expiry)+r.Leeway:
		return Verified{}, ErrExpired
	case r.Now < int64(h.claims.NotBefore)-r.Leeway:
		return Verified{}, ErrNotYet
	case r.Revoked != nil && h.claims.HasSession && r.Revoked(h.claims.Session):
		return Verified{}, ErrRevoked
	}
	return Verified{Key: h.key, Claims: h.claims, Path: t.path, base: r.Base, query: query}, nil
}

// AppendURI appends the path and query to serve, in the one spelling there is: what the origin is
// asked for, and what a cache is keyed on. The token is not in it, nor what a client adds to an
// exact query, nor the parameter CMCD.
func (v Verified) AppendURI(dst []byte) []byte {
	dst = uri.AppendPath(append(dst, v.base...), v.Path)
	if v.Claims.Depth == 0 {
		if len(v.query) > 0 {
			dst = uri.AppendQuery(append(dst, '?'), v.query)
		}
		return dst
	}
	start := len(dst)
	separator := byte('?')
	for query := v.query; query != nil; {
		var param []byte
		param, query = uri.Cut(query, '&')
		if uri.IsNamed(param, "token") || uri.IsNamed(param, "CMCD") {
			continue
		}
		dst = uri.AppendQuery(append(dst, separator), param)
		separator = '&'
	}
	if len(dst) == start+1 { // one empty parameter is no query
		dst = dst[:start]
	}
	return dst
}

// verify reports whether the tag of raw matches its claims, the client's address, the path and, at
// depth 0, the query.
func (m *mac) verify(raw []byte, h *header, client netip.Addr, path, query []byte) (err error) {
	if m.path, err = Canonical(m.path[:0], path); err != nil {
		return err
	}
	scope, ok := m.path.Scope(h.claims.Depth)
	if !ok {
		return ErrSignature // a path above the token's directory
	}
	if h.claims.Depth > 0 {
		query = nil
	}
	head := m.head()
	n := copy(head[:], raw[:h.size])
	if h.bits >= 0 {
		n += putMasked(head[n:], client, h.bits)
	}
	if subtle.ConstantTimeCompare(m.tag(n, scope, query, false), raw[h.size:]) != 1 {
		return ErrSignature
	}
	return nil
}

// target is a request target without its base and its token.
type target struct {
	path   []byte // nil where the base is another one
	query  []byte // the whole query with the token's own parameter; nil without a "?"
	signed []byte // the query before the token's own parameter, without the "&" that joins them
}

// split finds the one token of a URI, and takes the URI apart around it.
func split(whole []byte, base string) (text []byte, t target, err error) {
	t.path, t.query = uri.Cut(whole, '?')
	if base != "" {
		if len(t.path) > len(base) && string(t.path[:len(base)]) == base &&
			t.path[len(base)] == '/' {
			t.path = t.path[len(base):]
		} else {
			t.path = nil
		}
	}
	found := 0
	if n := uri.Tilde(t.path); n > 0 {
		rest := t.path[n:]
		end := bytes.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		text, t.path = rest[:end], rest[end:]
		found++
	}
	start := 0 // of the parameter in the query
	for rest := t.query; rest != nil; {
		var param []byte
		param, rest = uri.Cut(rest, '&')
		if uri.IsNamed(param, "token") {
			text = param[min(len(param), len("token=")):]
			t.signed = t.query[:max(start-1, 0)]
			found++
		}
		start += len(param) + 1
	}
	switch found {
	case 0:
		return nil, target{}, ErrMissing
	case 1:
		return text, t, nil
	default:
		return nil, target{}, ErrAmbiguous
	}
}
