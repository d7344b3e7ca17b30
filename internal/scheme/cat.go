package scheme

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The Common Access Token, CTA-5007: a CWT (RFC 8392) in a COSE_Mac0 (RFC 9052) with HMAC-SHA256.
// It binds the host and the path, or all that begins with a directory, and where there is a query,
// the query.
//
// The encoding is written here, in the deterministic form of RFC 8949, section 4.2.1, since a URL is
// signed without an allocation; a test decodes it with libraries. A verifier that ignores queries
// lets any query pass where the source has none.
var cat = &Scheme{
	Name: "cat",
	Doc:  "The Common Access Token of CTA-5007.",
	Options: []Option{
		{Name: "parameter", Default: "CTA-Common-Access-Token", Doc: "the name of the query parameter, path segment and cookie"},
		{Name: "issuer", Doc: "the token's issuer; without it there is none"},
		placement,
	},
	KeyID:      true,
	HexSecret:  true,
	Cookies:    true,
	NewSecret:  newHexSecret,
	KeyDoc:     "give the edge the key and its id",
	Secret:     text,
	Parameters: []string{"cta-common-access-token", "cat"},
	New:        newCAT,
}

// The claims of a token, in the order that they are written in: the CWT registry, and CTA-5007.
const (
	claimIssuer    = 1
	claimExpiry    = 4
	claimNotBefore = 5
	claimID        = 7
	claimVersion   = 310
	claimNetwork   = 311
	claimURI       = 312
)

type catSigner struct {
	origin, base, host, issuer, parameter, placement string
	head                                             []byte // of the COSE_Mac0, with the key's id
	macs                                             *macs
	cookies                                          bool
}

func newCAT(c *CDN) (Signer, error) {
	key := c.Keys[0]
	switch {
	case len(key.Secret) < 16:
		return nil, fmt.Errorf("the secret is %d bytes: 16 at least", len(key.Secret))
	case key.ID == "":
		return nil, fmt.Errorf("the key needs an id")
	}
	s := &catSigner{issuer: c.Options["issuer"], parameter: c.Options["parameter"], placement: c.Options["placement"], cookies: c.hasCookies()}
	if !isToken(s.parameter) {
		return nil, errParameter
	}
	s.origin, s.base = c.cut()
	s.host = s.origin[strings.Index(s.origin, "://")+len("://"):]
	if host, _, err := net.SplitHostPort(s.host); err == nil {
		s.host = host
	}
	s.host = strings.Trim(s.host, "[]")
	// Tag 61 (CWT) of tag 17 (COSE_Mac0) of an array: protected, unprotected, payload, tag.
	s.head = append(s.head, 0xD8, 61, 0xD1, 0x84)
	s.head = append(s.head, catProtected...)
	s.head = appendText(append(s.head, 0xA1, 4), 2, key.ID)
	s.macs = newHMAC(sha256.New, key.Secret)
	return s, nil
}

// catProtected is the protected header {1: 5}, HMAC-SHA256, as a byte string.
var catProtected = []byte{0x43, 0xA1, 1, 5}

func (t *catSigner) Can() Need {
	return Directory | Start | addresses | Session | Query
}

func (t *catSigner) Check(s *uri.Source, c *token.Claims) error {
	if c.Depth > 0 && t.cookies {
		return checkCookiePath(s, c)
	}
	return nil
}

func (t *catSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	if c.Depth > 0 && t.cookies {
		return appendClean(dst, t.origin, t.base, s)
	}
	m := t.macs.get()
	defer t.macs.put(m)
	m.part = t.appendClaims(m.part, m, s, c)
	m.text = appendCOSE(m.text[:0], t.head, m)
	inPath := t.placement == "path" || t.placement == "" && c.Depth > 0
	path := len(dst) + len(t.origin)
	dst = append(dst, t.origin...)
	if inPath {
		dst = t.appendToken(append(dst, '/'), m)
	}
	dst = appendQuery(appendWire(dst, t.base, s), '?', s)
	if !inPath {
		dst = t.appendToken(append(dst, separator(s)), m)
	}
	return appendEnd(dst, path, s)
}

// Cookies implements [CookieSigner].
func (t *catSigner) Cookies(s *uri.Source, c *token.Claims) (string, []Cookie, error) {
	m := t.macs.get()
	defer t.macs.put(m)
	m.part = t.appendClaims(m.part, m, s, c)
	m.text = appendCOSE(m.text[:0], t.head, m)
	value := t.appendToken(nil, m)[len(t.parameter)+1:]
	return string(appendDirectory(nil, t.base, s, c)), []Cookie{{t.parameter, string(value)}}, nil
}

func (t *catSigner) appendToken(dst []byte, m *mac) []byte {
	return appendBase64(append(append(dst, t.parameter...), '='), base64.RawURLEncoding, m.text)
}

// appendCOSE appends the token of the payload in m.part, and changes m.part.
func appendCOSE(dst, head []byte, m *mac) []byte {
	n := len(m.part)
	// The MAC is over ["MAC0", protected, external data, payload]: RFC 9052, section 6.3.
	m.text = append(append(m.text[:0], "\x84\x64MAC0"...), catProtected...)
	m.text = appendHead(append(m.text, 0x40), 2, uint64(n))
	m.text = append(m.text, m.part...)
	sum := m.sum()
	dst = appendHead(append(dst[:0], head...), 2, uint64(n))
	dst = append(dst, m.part...)
	return append(appendHead(dst, 2, uint64(len(sum))), sum...)
}

// appendClaims appends the payload. It uses m.text for the wire path.
func (t *catSigner) appendClaims(dst []byte, m *mac, s *uri.Source, c *token.Claims) []byte {
	count := uint64(3)
	for _, has := range []bool{t.issuer != "", c.NotBefore != 0, c.HasSession, c.IP.IsValid()} {
		if has {
			count++
		}
	}
	dst = appendHead(dst, 5, count)
	if t.issuer != "" {
		dst = appendText(appendHead(dst, 0, claimIssuer), 3, t.issuer)
	}
	dst = appendHead(appendHead(dst, 0, claimExpiry), 0, uint64(c.Expiry))
	if c.NotBefore != 0 {
		dst = appendHead(appendHead(dst, 0, claimNotBefore), 0, uint64(c.NotBefore))
	}
	if c.HasSession {
		dst = append(appendHead(appendHead(dst, 0, claimID), 2, uint64(len(c.Session))), c.Session[:]...)
	}
	dst = appendHead(appendHead(dst, 0, claimVersion), 0, 1)
	if c.IP.IsValid() {
		dst = appendNetwork(appendHead(dst, 0, claimNetwork), c.IP)
	}
	return t.appendURI(appendHead(dst, 0, claimURI), m, s, c)
}

// The parts of a URI and the ways to match one, of the claim catu.
const (
	catHost   = 1
	catPath   = 3
	catQuery  = 4
	catExact  = 0
	catPrefix = 1
)

func (t *catSigner) appendURI(dst []byte, m *mac, s *uri.Source, c *token.Claims) []byte {
	parts := uint64(2)
	hasQuery := c.Depth == 0 && len(s.Query) > 0
	if hasQuery {
		parts++
	}
	dst = appendHead(dst, 5, parts)
	dst = appendText(append(appendHead(dst, 0, catHost), 0xA1, catExact), 3, t.host)
	m.text = appendWire(m.text[:0], t.base, s)
	path, match := m.text, byte(catExact)
	if c.Depth > 0 {
		path, match = directory(path, t.base, c.Depth), catPrefix
	}
	dst = append(appendHead(dst, 0, catPath), 0xA1, match)
	dst = append(appendHead(dst, 3, uint64(len(path))), path...)
	if hasQuery {
		m.text = uri.AppendQuery(m.text[:0], s.Query)
		dst = append(appendHead(dst, 0, catQuery), 0xA1, catExact)
		dst = append(appendHead(dst, 3, uint64(len(m.text))), m.text...)
	}
	return dst
}

// appendNetwork appends an array of one address or prefix: RFC 9164.
func appendNetwork(dst []byte, p netip.Prefix) []byte {
	addr := p.Masked().Addr()
	dst = append(dst, 0x81, 0xD8, 54)
	if addr.Is4() {
		dst[len(dst)-1] = 52
	}
	if p.Bits() < addr.BitLen() {
		dst = appendHead(append(dst, 0x82), 0, uint64(p.Bits()))
	}
	if addr.Is4() {
		four := addr.As4()
		return append(append(dst, 0x44), four[:]...)
	}
	sixteen := addr.As16()
	return append(append(dst, 0x50), sixteen[:]...)
}

// appendText appends a string of a major type: 2 for bytes, 3 for text.
func appendText(dst []byte, major byte, s string) []byte {
	return append(appendHead(dst, major, uint64(len(s))), s...)
}

// appendHead appends the head of a CBOR item (RFC 8949, section 3) with the shortest argument.
func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return append(dst, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(dst, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}
