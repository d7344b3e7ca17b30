package token

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"net/netip"
)

// Error is why a token was refused; its value is the reason as docs/DESIGN.md, section 3, names it, short enough for
// a header or a metric's label.
type Error string

// The reasons, in the order in which [Keys.Verify] looks for them.
const (
	ErrMissing    Error = "missing"     // there is no token
	ErrAmbiguous  Error = "ambiguous"   // there is more than one
	ErrMalformed  Error = "malformed"   // it is not the canonical text of a token
	ErrVersion    Error = "version"     // it is of another version
	ErrUnknownKey Error = "unknown-key" // none of the keys has its key id
	ErrIP         Error = "ip"          // the client's address is not known, or of the other family
	ErrPath       Error = "path"        // the path has no canonical form
	ErrSignature  Error = "signature"   // the tag is not the one of these claims, this address and this path
	ErrExpired    Error = "expired"
	ErrNotYet     Error = "not-yet"
)

func (e Error) Error() string { return "token: " + string(e) }

// Reason is the reason of an error of [Keys.Verify], "" for nil.
func Reason(err error) string {
	var e Error
	if errors.As(err, &e) {
		return string(e)
	}
	return ""
}

// The errors of claims that cannot be signed; a path that cannot be is ErrPath.
var (
	ErrDepth  = errors.New("token: the depth is over 15, or the path has no directories for it")
	ErrPrefix = errors.New("token: the address prefix is not valid")
)

// Append appends the text form of a token for the path to dst and returns the whole: 32 characters of base64url, up
// to 50 with optional claims. It does not allocate where dst has room.
func (k *Key) Append(dst []byte, c *Claims, path Path) ([]byte, error) {
	scope, ok := path.scope(c.Depth)
	if !ok {
		return dst, ErrDepth
	}
	m := k.macs.Get().(*mac)
	claims, ip, err := c.put(&m.buf, k.id)
	if err == nil {
		tag := m.tag(claims+ip, scope)
		copy(m.buf[claims:], tag)
		dst = appendText(dst, m.buf[:claims+tagSize])
	}
	k.macs.Put(m)
	return dst, err
}

// Keys are the keys whose tokens a verifier accepts. A handful: they are searched one by one.
type Keys []*Key

// Request is what a verifier knows of a request.
type Request struct {
	// URI is the path and query as they are in the request line: the token is the first segment of the path, after
	// a "~", or the query's parameter "token".
	URI []byte
	// Now is the time in Unix seconds, and Leeway the seconds that clocks may differ.
	Now, Leeway int64
	// Client is the client's address, which only tokens bound to one need.
	Client netip.Addr
}

// Verified is a token that was accepted.
type Verified struct {
	Key    uint16 // the id of the key that signed it
	Claims Claims
	// Path is the path without the token, and Query the query as it came, both parts of the request's URI and as
	// they were spelled there.
	Path, Query []byte
}

// Verify accepts or refuses a request's token. A refusal is an [Error], the first of the reasons that holds. The
// result refers to r.URI.
func (ks Keys) Verify(r Request) (Verified, error) {
	text, path, query, err := split(r.URI)
	if err != nil {
		return Verified{}, err
	}
	var raw [maxSize + 2]byte // whole quanta of three bytes
	if len(text) > maxText {
		return Verified{}, ErrMalformed
	}
	n, ok := decodeText(raw[:], text)
	if !ok {
		return Verified{}, ErrMalformed
	}
	h, err := parse(raw[:n])
	if err != nil {
		return Verified{}, err
	}
	key := ks.find(h.key)
	if key == nil {
		return Verified{}, ErrUnknownKey
	}
	client := r.Client.Unmap()
	if h.bits >= 0 {
		if !client.IsValid() || client.Is4() == h.ipv6 {
			return Verified{}, ErrIP
		}
		h.claims.IP, _ = client.Prefix(h.bits) // the bits were checked
	}
	m := key.macs.Get().(*mac)
	err = m.verify(raw[:n], &h, client, path)
	key.macs.Put(m)
	switch {
	case err != nil:
		return Verified{}, err
	case r.Now > int64(h.claims.Expiry)+r.Leeway:
		return Verified{}, ErrExpired
	case r.Now < int64(h.claims.NotBefore)-r.Leeway:
		return Verified{}, ErrNotYet
	}
	return Verified{Key: h.key, Claims: h.claims, Path: path, Query: query}, nil
}

// AppendURI appends the path and query without the token: what the origin serves, and what a cache is keyed on.
func (v Verified) AppendURI(dst []byte) []byte {
	dst = append(dst, v.Path...)
	sep := byte('?')
	for query := v.Query; query != nil; {
		var param []byte
		if param, query = cut(query, '&'); !isToken(param) {
			dst = append(append(dst, sep), param...)
			sep = '&'
		}
	}
	return dst
}

func (ks Keys) find(id uint16) *Key {
	for _, k := range ks {
		if k.id == id {
			return k
		}
	}
	return nil
}

// verify reports whether the tag of raw is the one of its claims, the client's address and the path.
func (m *mac) verify(raw []byte, h *header, client netip.Addr, path []byte) (err error) {
	if m.path, err = Canonical(m.path[:0], path); err != nil {
		return err
	}
	scope, ok := m.path.scope(h.claims.Depth)
	if !ok {
		return ErrSignature // a path above the token's directory
	}
	n := copy(m.buf[:], raw[:h.n])
	if h.bits >= 0 {
		n += putMasked(m.buf[n:], client, h.bits)
	}
	if subtle.ConstantTimeCompare(m.tag(n, scope), raw[h.n:]) != 1 {
		return ErrSignature
	}
	return nil
}

// split finds the one token of a URI, and the path and the query around it. query is nil where there is no "?".
func split(uri []byte) (text, path, query []byte, err error) {
	path, query = cut(uri, '?')
	found := 0
	if len(path) > 1 && path[0] == '/' && path[1] == '~' {
		end := bytes.IndexByte(path[2:], '/')
		if end < 0 {
			end = len(path) - 2
		}
		text, path = path[2:2+end], path[2+end:]
		found++
	}
	for rest := query; rest != nil; {
		var param []byte
		if param, rest = cut(rest, '&'); isToken(param) {
			text = param[min(len(param), len("token=")):]
			found++
		}
	}
	switch found {
	case 0:
		return nil, nil, nil, ErrMissing
	case 1:
		return text, path, query, nil
	default:
		return nil, nil, nil, ErrAmbiguous
	}
}

// isToken reports whether a parameter of a query is named token, also without a value.
func isToken(param []byte) bool {
	const name = "token"
	return len(param) >= len(name) && string(param[:len(name)]) == name && (len(param) == len(name) || param[len(name)] == '=')
}

// cut is bytes.Cut whose second part is nil only where there is no separator.
func cut(b []byte, sep byte) (before, after []byte) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}
