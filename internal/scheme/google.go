package scheme

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Google Cloud CDN's signed URLs: the URL with its expiry and key name, signed with HMAC-SHA1. With
// "placement: query", a playlist's URL has a signed prefix, which relative URLs do not inherit.
// Specified in cloud.google.com/cdn/docs/using-signed-urls.
//
// It cannot express a start, an address or a session.
var googleCloudCDN = &Scheme{
	Name:    "google-cloud-cdn",
	Doc:     "Google Cloud CDN's signed URLs.",
	Options: []Option{inQuery("signature")},
	KeyID:   true,
	Secret:  googleSecret,
	NewSecret: func(random [32]byte) (field, text string) {
		return "secret", base64.URLEncoding.EncodeToString(random[:16])
	},
	Cookies: true,
	KeyDoc: "gcloud compute backend-services add-signed-url-key BACKEND --key-name NAME " +
		"--key-file FILE, with the secret in the file",
	Parameters: []string{"expires", "keyname", "signature", "urlprefix"},
	New:        newGoogle,
}

// googleSecret reads 16 bytes as base64url with padding, as gcloud takes them.
func googleSecret(text string) ([]byte, error) {
	secret, err := base64.URLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != 16 {
		return nil, fmt.Errorf("must be 16 bytes as 24 characters of base64url with padding")
	}
	return secret, nil
}

type googleSigner struct {
	origin, base, keyName string
	inQuery, cookies      bool
	macs                  *macs
}

func newGoogle(c *CDN) (Signer, error) {
	if !isToken(c.Keys[0].ID) {
		return nil, errKeyName
	}
	s := &googleSigner{keyName: c.Keys[0].ID, inQuery: c.Options["placement"] == "query",
		cookies: c.hasCookies()}
	s.origin, s.base = c.cut()
	s.macs = newHMAC(sha1.New, c.Keys[0].Secret)
	return s, nil
}

func (g *googleSigner) Can() Need {
	if g.inQuery || g.cookies {
		return Query | Directory
	}
	return Query
}

func (g *googleSigner) Check(s *uri.Source, c *token.Claims) error {
	if c.Depth > 0 && g.cookies {
		return checkCookiePath(s, c)
	}
	return nil
}

func (g *googleSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	if c.Depth > 0 && g.cookies {
		return appendClean(dst, g.origin, g.base, s)
	}
	m := g.macs.get()
	defer g.macs.put(m)
	start := len(dst)
	dst = appendQuery(appendWire(append(dst, g.origin...), g.base, s), '?', s)
	if c.Depth == 0 { // the whole URL is signed
		dst = appendGoogleTerms(append(dst, separator(s)), c, g.keyName)
		m.text = append(m.text, dst[start:]...)
	} else {
		path := dst[start+len(g.origin):]
		prefix := dst[start : start+len(g.origin)+len(directory(path, g.base, c.Depth))]
		m.text = appendBase64(append(m.text, "URLPrefix="...), base64.URLEncoding, prefix)
		m.text = appendGoogleTerms(append(m.text, '&'), c, g.keyName)
		dst = append(append(dst, separator(s)), m.text...)
	}
	dst = appendBase64(append(dst, "&Signature="...), base64.URLEncoding, m.sum())
	return appendEnd(dst, start+len(g.origin), s)
}

var errKeyName = errors.New(`the key's id must be its name at Google: letters, digits, "-" and "_"`)

// Cookies implements [CookieSigner].
func (g *googleSigner) Cookies(s *uri.Source, c *token.Claims) (string, []Cookie, error) {
	m := g.macs.get()
	defer g.macs.put(m)
	m.part = appendDirectory(append(m.part, g.origin...), g.base, s, c)
	m.text = appendGoogleCookie(m.text, base64.URLEncoding, m.part, c, g.keyName)
	value := appendBase64(append(m.text, ":Signature="...), base64.URLEncoding, m.sum())
	return string(m.part[len(g.origin):]), []Cookie{{"Cloud-CDN-Cookie", string(value)}}, nil
}

// Read implements [Reader].
func (g *googleSigner) Read(target string) (*Reading, error) {
	return readGoogle(target, g.origin, base64.URLEncoding)
}

// readGoogle reads the URL of both of Google's schemes, with its terms in the query. Prefixes are
// written in an encoding.
func readGoogle(target, origin string, e *base64.Encoding) (*Reading, error) {
	path, query, _ := strings.Cut(target, "?")
	rest, taken, terms, err := take(query, "URLPrefix", "Expires", "KeyName", "Signature")
	if err != nil || len(terms) == 0 {
		return nil, cmp.Or(err, error(token.ErrMissing))
	}
	// What stands before the signature is signed in its order where there is no prefix.
	r := &Reading{Path: path, Query: rest, target: target}
	prefix, hasPrefix := terms["URLPrefix"]
	if hasPrefix {
		r.target = join(path, rest, taken)
	}
	if err := r.readGoogleTerms(terms); err != nil || !hasPrefix {
		return r, err
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(prefix, "="))
	if err != nil {
		return r, token.ErrMalformed
	}
	// A prefix of another host covers nothing. What is signed is the encoded prefix.
	r.Opens, r.IsDirectory = strings.TrimPrefix(string(decoded), origin), true
	if !strings.HasSuffix(r.Opens, "/") || e.EncodeToString(decoded) != prefix {
		return r, ErrUnlike
	}
	return r, nil
}

// readGoogleTerms reads what both of Google's schemes sign after the URL, and the signature.
func (r *Reading) readGoogleTerms(terms map[string]string) error {
	var ok bool
	r.Key = terms["KeyName"]
	r.Claims.Expiry, ok = readSeconds(terms["Expires"])
	text := strings.TrimRight(terms["Signature"], "=") // with padding or without
	var err error
	if r.signature, err = base64.RawURLEncoding.Strict().DecodeString(text); !ok || err != nil ||
		text == "" || r.Key == "" {
		return token.ErrMalformed
	}
	return nil
}
