package scheme

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for keys with hash: sha1
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strconv"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Amazon CloudFront's signed URLs: a policy in JSON, signed with RSA or ECDSA. Without a start and an
// address the policy is the canned one, which CloudFront rebuilds from the URL; otherwise the URL
// has the policy. Specified in the CloudFront Developer Guide, "Create a signed URL using a canned
// policy" and "using a custom policy", and docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
// private-content-creating-signed-url-canned-policy.html.
//
// It cannot express a session, an IPv6 address, or, without cookies, a directory whose token relative
// URLs inherit. In a policy "*" stands for any characters and "?" for any one. The canned policy can
// be sent as a custom one, so a URL with a query also opens the URLs that have another character in
// place of the "?" before its query.
var cloudfront = &Scheme{
	Name: "cloudfront",
	Doc:  "Amazon CloudFront's signed URLs, with a canned or a custom policy.",
	Options: []Option{{Name: "placement", Choices: []string{"query"},
		Doc: "query: a playlist's URL has the policy of its directory in the query, for players that add it to every request"}},
	KeyID:   true,
	Private: cloudfrontKey,
	KeyOptions: []Option{{Name: "hash", Default: "sha256", Choices: []string{"sha256", "sha1"},
		Doc: "the hash that is signed: sha1 for RSA keys of distributions that know no other"}},
	NewPrivate: newCloudFrontKey,
	KeyDoc:     "CloudFront, Public keys: upload the public key; its id there is the key's id. Add it to a key group, and restrict viewer access of the behavior to that group",
	Cookies:    true,
	Parameters: []string{"expires", "policy", "signature", "key-pair-id", "hash-algorithm"},
	New:        newCloudFront,
}

// cloudfrontKey reads a key of a kind that CloudFront takes.
func cloudfrontKey(text []byte, options map[string]string) (*PrivateKey, error) {
	signer, err := parsePEM(text)
	if err != nil {
		return nil, err
	}
	hash := crypto.SHA256
	if options["hash"] == "sha1" {
		hash = crypto.SHA1
	}
	switch k := signer.(type) {
	case *rsa.PrivateKey:
		if err := checkRSA(k); err != nil {
			return nil, err
		}
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return nil, errors.New("is an ECDSA key on another curve than P-256, which CloudFront does not take")
		}
		if hash == crypto.SHA1 {
			return nil, errors.New("is an ECDSA key, which CloudFront does not take with SHA-1: remove hash: sha1")
		}
	default:
		return nil, errors.New("is an Ed25519 key: CloudFront takes RSA keys of 2048 bits, and ECDSA keys on P-256")
	}
	return newPrivateKey(signer, hash)
}

// newCloudFrontKey makes an RSA key, which every distribution takes.
func newCloudFrontKey() (file, public []byte, err error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		return nil, nil, err
	}
	if public, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
		return nil, nil, err
	}
	file, err = formatPEM(key)
	return file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), err
}

type cloudfrontSigner struct {
	origin, base string
	keyID        string
	inQuery      bool
	cookies      bool
	key          *PrivateKey
	signatures   *Signatures
}

func newCloudFront(c *CDN) (Signer, error) {
	key := c.Keys[0]
	if !isToken(key.ID) {
		return nil, errors.New("the key's id must be the public key's id at CloudFront, such as K2JCJMDEHXQW5F")
	}
	s := &cloudfrontSigner{
		keyID: key.ID, key: key.Private, signatures: c.Signatures, inQuery: c.Options["placement"] == "query",
		cookies: c.hasCookies(),
	}
	s.origin, s.base = c.cut()
	return s, nil
}

func (f *cloudfrontSigner) Can() Need {
	if f.inQuery || f.cookies {
		return Query | Start | IPv4 | IPv4Prefix | Directory
	}
	return Query | Start | IPv4 | IPv4Prefix
}

var errWildcard = errors.New(`has a "*" in its path, or "*" or "?" in its query, which stand for any characters in CloudFront's policies`)

func (f *cloudfrontSigner) Check(s *uri.Source, c *token.Claims) error {
	// A canned policy, too: its holder can send it as a custom one.
	if bytes.IndexByte(s.Path, '*') >= 0 || bytes.ContainsAny(s.Query, "*?") {
		return errWildcard
	}
	if c.Depth > 0 && f.cookies {
		return checkCookiePath(s, c)
	}
	return nil
}

func (f *cloudfrontSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	if c.Depth > 0 && f.cookies {
		return appendClean(dst, f.origin, f.base, s)
	}
	m := newMessage()
	defer messages.Put(m)
	start := len(dst)
	dst = appendWire(append(dst, f.origin...), f.base, s)
	path := len(dst)
	dst = appendQuery(dst, '?', s)
	resource := dst[start:]
	if c.Depth > 0 { // the query is the client's
		resource = dst[start : start+len(f.origin)+len(directory(dst[start+len(f.origin):path], f.base, c.Depth))]
	}
	m.text = appendPolicy(m.text, resource, c)
	signature, err := f.signatures.find(f.key, m)
	if err != nil {
		return dst, err
	}
	dst = append(dst, separator(s))
	if isCanned(c) {
		dst = strconv.AppendUint(append(dst, "Expires="...), uint64(c.Expiry), 10)
	} else {
		dst = appendCloudFront(append(dst, "Policy="...), m.text)
	}
	dst = appendCloudFront(append(dst, "&Signature="...), signature)
	dst = append(append(dst, "&Key-Pair-Id="...), f.keyID...)
	if f.key.hash == crypto.SHA256 {
		dst = append(dst, "&Hash-Algorithm=SHA256"...)
	}
	return appendEnd(dst, start+len(f.origin), s)
}

// Cookies implements [CookieSigner].
func (f *cloudfrontSigner) Cookies(s *uri.Source, c *token.Claims) (string, []Cookie, error) {
	m := newMessage()
	defer messages.Put(m)
	m.part = appendDirectory(append(m.part, f.origin...), f.base, s, c)
	m.text = appendPolicy(m.text, m.part, c)
	signature, err := f.signatures.find(f.key, m)
	if err != nil {
		return "", nil, err
	}
	cookies := []Cookie{
		{"CloudFront-Policy", string(appendCloudFront(nil, m.text))},
		{"CloudFront-Signature", string(appendCloudFront(nil, signature))},
		{"CloudFront-Key-Pair-Id", f.keyID},
	}
	if f.key.hash == crypto.SHA256 {
		cookies = append(cookies, Cookie{"CloudFront-Hash-Algorithm", "SHA256"})
	}
	return string(m.part[len(f.origin):]), cookies, nil
}

// isCanned reports whether CloudFront can rebuild the policy of the claims from the URL.
func isCanned(c *token.Claims) bool {
	return c.Depth == 0 && c.NotBefore == 0 && !c.IP.IsValid()
}

// appendPolicy appends the policy of a resource, without white space, as the canned one must be. A
// URL as it goes over the wire has no byte that JSON escapes.
func appendPolicy(dst, resource []byte, c *token.Claims) []byte {
	dst = append(append(dst, `{"Statement":[{"Resource":"`...), resource...)
	if c.Depth > 0 {
		dst = append(dst, '*')
	}
	dst = append(dst, `","Condition":{"DateLessThan":{"AWS:EpochTime":`...)
	dst = append(strconv.AppendUint(dst, uint64(c.Expiry), 10), '}')
	if c.NotBefore != 0 {
		dst = append(dst, `,"DateGreaterThan":{"AWS:EpochTime":`...)
		dst = append(strconv.AppendUint(dst, uint64(c.NotBefore), 10), '}')
	}
	if c.IP.IsValid() {
		dst = append(dst, `,"IpAddress":{"AWS:SourceIp":"`...)
		dst = append(c.IP.Masked().AppendTo(dst), `"}`...)
	}
	return append(dst, "}}]}"...)
}

// appendCloudFront appends base64 with padding in which CloudFront's letters stand for those that a
// URL has for other things.
func appendCloudFront(dst, b []byte) []byte {
	start := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	for i, c := range dst[start:] {
		switch c {
		case '+':
			dst[start+i] = '-'
		case '=':
			dst[start+i] = '_'
		case '/':
			dst[start+i] = '~'
		}
	}
	return dst
}
