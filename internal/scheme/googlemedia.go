package scheme

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Google Media CDN's signed requests, with Ed25519 (RFC 8032). A playlist's token is a component of
// the path, which relative URLs inherit; all others are in the query. Specified in
// cloud.google.com/media-cdn/docs/generate-signatures, "Signed requests".
//
// It cannot express a start, an address or a session.
var googleMediaCDN = &Scheme{
	Name:       "google-media-cdn",
	Doc:        "Google Media CDN's signed requests.",
	Options:    []Option{inQuery("signature")},
	KeyID:      true,
	Secret:     mediaSeed,
	Private:    mediaKey,
	NewPrivate: newMediaKey,
	Cookies:    true,
	KeyDoc: "gcloud edge-cache keysets create KEYSET --public-key='id=NAME,value=PUBLIC " +
		"KEY', with the public key as base64url",
	Segments:   []string{"edge-cache-token"},
	Parameters: []string{"expires", "keyname", "signature", "urlprefix", "edge-cache-token"},
	New:        newGoogleMedia,
}

// mediaSeed reads the seed of a key: 32 bytes as base64url, with padding or without.
func mediaSeed(text string) ([]byte, error) {
	encoding := base64.RawURLEncoding
	if len(text) == 44 {
		encoding = base64.URLEncoding
	}
	seed, err := encoding.Strict().DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("must be a seed of 32 bytes as 43 characters of base64url, or 44 " +
			"with padding")
	}
	return seed, nil
}

// newMediaKey makes a key.
func newMediaKey() (file, public []byte, err error) {
	open, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	file, err = formatPEM(key)
	return file, append(base64.RawURLEncoding.AppendEncode(nil, open), '\n'), err
}

// mediaKey reads an Ed25519 key.
func mediaKey(text []byte, _ map[string]string) (*PrivateKey, error) {
	signer, err := parsePEM(text)
	if err != nil {
		return nil, err
	}
	if _, ok := signer.(ed25519.PrivateKey); !ok {
		return nil, errors.New("is not an Ed25519 key, the only kind that Media CDN takes")
	}
	return newPrivateKey(signer, 0)
}

type mediaSigner struct {
	origin, base, keyName string
	inQuery, cookies      bool
	key                   *PrivateKey
	signatures            *Signatures
}

func newGoogleMedia(c *CDN) (Signer, error) {
	key := c.Keys[0]
	if !isToken(key.ID) {
		return nil, errKeyName
	}
	if key.Private == nil {
		var err error
		if key.Private, err = newPrivateKey(ed25519.NewKeyFromSeed(key.Secret), 0); err != nil {
			return nil, err
		}
	}
	s := &mediaSigner{
		keyName: key.ID, key: key.Private, signatures: c.Signatures,
		inQuery: c.Options["placement"] == "query",
		cookies: c.hasCookies(),
	}
	s.origin, s.base = c.cut()
	return s, nil
}

func (g *mediaSigner) Can() Need { return Query | Directory }

func (g *mediaSigner) Check(s *uri.Source, c *token.Claims) error {
	if c.Depth > 0 && g.cookies {
		return checkCookiePath(s, c)
	}
	return nil
}

func (g *mediaSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	if c.Depth > 0 && g.cookies {
		return appendClean(dst, g.origin, g.base, s)
	}
	m := newMessage()
	defer messages.Put(m)
	if c.Depth > 0 && !g.inQuery {
		return g.appendComponent(dst, s, c, m)
	}
	start := len(dst)
	dst = appendWire(append(dst, g.origin...), g.base, s)
	path := len(dst)
	dst = appendQuery(dst, '?', s)
	if c.Depth == 0 { // the whole URL is signed
		dst = appendGoogleTerms(append(dst, separator(s)), c, g.keyName)
		m.text = append(m.text, dst[start:]...)
	} else {
		end := start + len(g.origin)
		end += len(directory(dst[end:path], g.base, c.Depth))
		m.text = appendBase64(append(m.text, "URLPrefix="...), base64.RawURLEncoding,
			dst[start:end])
		m.text = appendGoogleTerms(append(m.text, '&'), c, g.keyName)
		dst = append(append(dst, separator(s)), m.text...)
	}
	signature, err := g.signatures.find(g.key, m)
	if err != nil {
		return dst, err
	}
	return appendEnd(appendMediaSignature(dst, signature), start+len(g.origin), s)
}

// appendComponent appends a URL whose token is a component of the path, after the directory.
func (g *mediaSigner) appendComponent(dst []byte, s *uri.Source, c *token.Claims,
	m *message) ([]byte, error) {
	m.part = appendWire(m.part, g.base, s)
	covered := directory(m.part, g.base, c.Depth)
	m.text = append(append(m.text, g.origin...), covered...)
	m.text = appendGoogleTerms(append(m.text, "edge-cache-token="...), c, g.keyName)
	signature, err := g.signatures.find(g.key, m)
	if err != nil {
		return dst, err
	}
	path := len(dst) + len(g.origin)
	dst = append(appendMediaSignature(append(dst, m.text...), signature), '/')
	dst = appendQuery(append(dst, m.part[len(covered):]...), '?', s)
	return appendEnd(dst, path, s)
}

// Cookies implements [CookieSigner].
func (g *mediaSigner) Cookies(s *uri.Source, c *token.Claims) (string, []Cookie, error) {
	m := newMessage()
	defer messages.Put(m)
	m.part = appendDirectory(append(m.part, g.origin...), g.base, s, c)
	m.text = appendGoogleCookie(m.text, base64.RawURLEncoding, m.part, c, g.keyName)
	signature, err := g.signatures.find(g.key, m)
	if err != nil {
		return "", nil, err
	}
	value := appendBase64(append(m.text, ":Signature="...), base64.RawURLEncoding, signature)
	return string(m.part[len(g.origin):]), []Cookie{{"Edge-Cache-Cookie", string(value)}}, nil
}

func appendMediaSignature(dst []byte, signature []byte) []byte {
	return appendBase64(append(dst, "&Signature="...), base64.RawURLEncoding, signature)
}

// appendGoogleTerms appends what both of Google's schemes sign after the URL.
func appendGoogleTerms(dst []byte, c *token.Claims, keyName string) []byte {
	dst = strconv.AppendUint(append(dst, "Expires="...), uint64(c.Expiry), 10)
	return append(append(dst, "&KeyName="...), keyName...)
}

// appendGoogleCookie appends what both of Google's schemes sign of a cookie.
func appendGoogleCookie(dst []byte, e *base64.Encoding, prefix []byte, c *token.Claims,
	keyName string) []byte {
	dst = appendBase64(append(dst, "URLPrefix="...), e, prefix)
	dst = strconv.AppendUint(append(dst, ":Expires="...), uint64(c.Expiry), 10)
	return append(append(dst, ":KeyName="...), keyName...)
}

// Read implements [Reader]. The CDN takes a directory's token in the path and in the query, and
// signatures with padding and without.
func (g *mediaSigner) Read(target string) (r *Reading, err error) {
	again := *g
	path, query, _ := strings.Cut(target, "?")
	before, after, inPath := strings.Cut(path, "/edge-cache-token=")
	if again.inQuery = !inPath; inPath {
		text, rest, ok := strings.Cut(after, "/")
		_, _, terms, _ := take(text, "Expires", "KeyName", "Signature")
		r = &Reading{Path: before + "/" + rest, Query: query, Opens: before + "/",
			IsDirectory: true, target: target}
		if err = r.readGoogleTerms(terms); !ok {
			err = token.ErrMalformed
		}
	} else if r, err = readGoogle(target, g.origin, base64.RawURLEncoding); r == nil {
		return nil, err
	}
	r.signer = &again
	if signature := base64.RawURLEncoding.EncodeToString(r.signature); signature != "" {
		r.target = strings.Replace(r.target, "&Signature="+signature+"==", "&Signature="+signature,
			1)
	}
	return r, err
}
