package scheme

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The Common Access Token, CTA-5007: a CWT (RFC 8392) in a COSE_Mac0 (RFC 9052) with HMAC-SHA256.
// It binds the host and the path, or all that begins with a directory, and where there is a query,
// the query.
//
// The encoding is written here, in the deterministic form of RFC 8949, section 4.2.1, since a URL
// is signed without an allocation; a test decodes it with libraries. A verifier that ignores
// queries lets any query pass where the source has none.
var cat = &Scheme{
	Name: "cat",
	Doc:  "The Common Access Token of CTA-5007.",
	Options: []Option{
		{Name: "parameter", Default: "CTA-Common-Access-Token",
			Doc: "the name of the query parameter, path segment and cookie"},
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

type catSigner struct {
	origin, base, host, issuer, parameter, placement string
	head                                             []byte // of the COSE_Mac0, with the key's id
	macs                                             *macs
	cookies                                          bool
}

func newCAT(c *CDN) (Signer, error) {
	key := c.Keys[0]
	if err := checkLength(key.Secret); err != nil {
		return nil, err
	}
	if key.ID == "" {
		return nil, errors.New("the key needs an id")
	}
	s := &catSigner{issuer: c.Options["issuer"], parameter: c.Options["parameter"],
		placement: c.Options["placement"], cookies: c.hasCookies()}
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

// Read implements [Reader].
func (t *catSigner) Read(target string) (*Reading, error) {
	r, text, inPath, err := readParameter(target, t.parameter, func(path string) int {
		return strings.IndexByte(path, '/')
	})
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return r, token.ErrMalformed
	}
	c := &cborReader{rest: raw}
	tags := c.head(6) == 61 && c.head(6) == 17 && c.head(4) == 4
	isHMAC := bytes.Equal(c.text(2), catProtected[1:])
	hasKey := c.head(5) == 1 && c.head(0) == 4
	r.Key = string(c.text(2))
	payload := &cborReader{rest: c.text(2)}
	c.text(2)
	switch {
	case c.failed || !tags || len(c.rest) > 0:
		return r, token.ErrMalformed
	case !isHMAC || !hasKey:
		return r, ErrUnlike
	}
	if err := t.readClaims(payload, r); err != nil {
		return r, err
	}
	if inPath != (t.placement == "path" || t.placement == "" && r.IsDirectory) {
		return r, ErrPlace
	}
	return r, nil
}
