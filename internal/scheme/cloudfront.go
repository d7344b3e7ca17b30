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
	"encoding/pem"
	"errors"
	"strconv"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Amazon CloudFront's signed URLs: a policy in JSON, signed with RSA or ECDSA. Without a start and
// an address the policy is the canned one, which CloudFront rebuilds from the URL; otherwise the
// URL has the policy. Specified in the CloudFront Developer Guide, "Create a signed URL using a
// canned policy" and "using a custom policy", and
// docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
// private-content-creating-signed-url-canned-policy.html.
//
// It cannot express a session, an IPv6 address, or, without cookies, a directory whose token
// relative URLs inherit. In a policy "*" stands for any characters and "?" for any one. The canned
// policy can be sent as a custom one, so a URL with a query also opens the URLs that have another
// character in place of the "?" before its query.
var cloudfront = &Scheme{
	Name:    "cloudfront",
	Doc:     "Amazon CloudFront's signed URLs, with a canned or a custom policy.",
	Options: []Option{inQuery("policy")},
	KeyID:   true,
	Private: cloudfrontKey,
	KeyOptions: []Option{{Name: "hash", Default: "sha256", Choices: []string{"sha256", "sha1"},
		Doc: "the hash that is signed: sha1 for RSA keys of distributions that know no other"}},
	NewPrivate: newCloudFrontKey,
	KeyDoc: "CloudFront, Public keys: upload the public key; its id there is the key's id. " +
		"Add it to a key group, and restrict viewer access of the behavior to that group",
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
			return nil, errors.New("is an ECDSA key on another curve than P-256, which " +
				"CloudFront does not take")
		}
		if hash == crypto.SHA1 {
			return nil, errors.New("is an ECDSA key, which CloudFront does not take with SHA-1: " +
				"remove hash: sha1")
		}
	default:
		return nil, errors.New("is an Ed25519 key: CloudFront takes RSA keys of 2048 bits, and " +
			"ECDSA keys on P-256")
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
		return nil, errors.New("the key's id must be the public key's id at CloudFront, such as " +
			"K2JCJMDEHXQW5F")
	}
	s := &cloudfrontSigner{
		keyID: key.ID, key: key.Private, signatures: c.Signatures,
		inQuery: c.Options["placement"] == "query",
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
		resource = dst[start : start+len(f.origin)+
			len(directory(dst[start+len(f.origin):path], f.base, c.Depth))]
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

// Read implements [Reader]. CloudFront takes its parameters off the URL wherever they stand.
func (f *cloudfrontSigner) Read(target string) (*Reading, error) {
	path, query, _ := strings.Cut(target, "?")
	rest, taken, has, err := take(query, "Expires", "Policy", "Signature", "Key-Pair-Id",
		"Hash-Algorithm")
	policy, custom := has["Policy"]
	switch _, canned := has["Expires"]; {
	case err != nil || custom && canned:
		return nil, token.ErrAmbiguous
	case has["Signature"] == "" && !custom && !canned:
		return nil, token.ErrMissing
	}
	r := &Reading{Path: path, Query: rest, Key: has["Key-Pair-Id"], target: join(path, rest, taken)}
	ok := true
	if custom {
		err = r.readPolicy(policy, f.origin)
	} else {
		r.Claims.Expiry, ok = readSeconds(has["Expires"])
	}
	signature, failed := decodeCloudFront(has["Signature"])
	if r.signature = signature; err == nil && (failed != nil || !ok || r.Key == "") {
		err = token.ErrMalformed
	}
	if custom && !r.IsDirectory && isCanned(&r.Claims) { // it is signed in the same way
		expires := "Expires=" + strconv.FormatUint(uint64(r.Claims.Expiry), 10)
		r.target = join(path, rest, strings.Replace(taken, "Policy="+policy, expires, 1))
	}
	return r, err
}
