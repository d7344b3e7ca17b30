package token

import (
	"errors"

	"videotoken/internal/uri"
)

// Error is why a token was refused; its value is the reason as docs/DESIGN.md, section 3, names it,
// short enough for a header or a metric's label.
type Error string

// The reasons, in the order in which [Keys.Verify] looks for them.
const (
	ErrMissing    Error = "missing"     // there is no token
	ErrAmbiguous  Error = "ambiguous"   // there is more than one token
	ErrMalformed  Error = "malformed"   // it is not the canonical text of a token
	ErrVersion    Error = "version"     // its version is not known
	ErrUnknownKey Error = "unknown-key" // no key of its version has its key id
	ErrIP         Error = "ip"          // the client's address is not known, or of the other family
	ErrPath       Error = "path"        // the target has letters or a path that are not taken
	// the tag does not match the claims, the address and the path
	ErrSignature Error = "signature"
	ErrExpired   Error = "expired"
	ErrNotYet    Error = "not-yet"
	ErrRevoked   Error = "revoked" // its session was revoked
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

// The errors of claims that cannot be signed.
var (
	ErrDepth  = errors.New("token: the depth is over 15, or the path has no directories for it")
	ErrPrefix = errors.New("token: the address prefix is not valid")
	ErrQuery  = errors.New("token: the query has a control byte, or a \"%\" that starts no " +
		"encoded byte")
)

// Append appends the text form of a token to dst and returns the extended slice: 32 characters of
// base64url, up to 60 with optional claims. At depth 0 the token is for the path and the query,
// without its "?", exactly; deeper it is for a directory, and the query does not count. An empty
// query is the same as none. Append does not allocate where dst has room.
func (k *Key) Append(dst []byte, c *Claims, path Path, query []byte) ([]byte, error) {
	if c.Depth == 0 && !uri.CheckQuery(query) {
		return dst, ErrQuery
	}
	return k.sign(dst, c, path, query, false)
}

// AppendSpelled is Append for a query in the one spelling that is signed and served, as Append's
// tokens are verified with: a signer that writes the query spells it once. Who calls it vouches for
// the query. The query may be a part of dst.
func (k *Key) AppendSpelled(dst []byte, c *Claims, path Path, query []byte) ([]byte, error) {
	return k.sign(dst, c, path, query, true)
}

func (k *Key) sign(
	dst []byte, c *Claims, path Path, query []byte, spelled bool,
) ([]byte, error) {
	scope, ok := path.Scope(c.Depth)
	if !ok {
		return dst, ErrDepth
	}
	if c.Depth > 0 {
		query = nil
	}
	m := k.macs.Get().(*mac)
	claims, ip, err := c.put(m.head(), k.version, k.id)
	if err == nil {
		tag := m.tag(claims+ip, scope, query, spelled)
		dst = appendText(dst, append(m.message[:claims], tag...))
	}
	k.macs.Put(m)
	return dst, err
}

// Keys are the keys whose tokens a verifier accepts. A handful: they are searched one by one.
type Keys []*Key

func (ks Keys) find(version int, id uint16) *Key {
	for _, k := range ks {
		if k.id == id && k.version == version {
			return k
		}
	}
	return nil
}
