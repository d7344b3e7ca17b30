package scheme

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// testSignatures keeps the signatures of all tests.
var testSignatures = NewSignatures(1 << 24)

// appendMade is Append, with the signatures made that it misses.
func appendMade(s Signer, dst []byte, src *uri.Source, c *token.Claims) ([]byte, error) {
	out, err := s.Append(dst, src, c)
	var miss *Miss
	if errors.As(err, &miss) {
		if err := miss.Make(); err != nil {
			return dst, err
		}
		return s.Append(dst, src, c)
	}
	return out, err
}

// vectorKey returns a PKCS#8 key of the public vectors as PEM.
func vectorKey(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all struct{ Keys map[string]string }
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	if all.Keys[name] == "" {
		tb.Fatalf("no key %s", name)
	}
	der, err := base64.StdEncoding.DecodeString(all.Keys[name])
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestPrivateKeys(t *testing.T) {
	encode := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := func(k any) string {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		return encode("PRIVATE KEY", der, err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	spki, spkiErr := x509.MarshalPKIXPublicKey(p256.Public())
	short := string(vectorKey(t, "rsa-1024-pkcs8"))
	for _, c := range []struct {
		name, pem, hash string
		scheme          *Scheme
		says            string
	}{
		{"RSA, PKCS#8", pkcs8(rsaKey), "sha256", cloudfront, ""},
		{"RSA, PKCS#1", encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), "sha1",
			cloudfront, ""},
		{"ECDSA, SEC 1", encode("EC PRIVATE KEY", sec1, err), "sha256", cloudfront, ""},
		{"Ed25519", pkcs8(ed), "", googleMediaCDN, ""},
		{"ECDSA with SHA-1", pkcs8(p256), "sha1", cloudfront, "remove hash: sha1"},
		{"P-384", pkcs8(p384), "sha256", cloudfront, "another curve than P-256"},
		{"1024 bits", short, "sha256", cloudfront, "an RSA key of 1024 bits"},
		{"Ed25519 at CloudFront", pkcs8(ed), "sha256", cloudfront, "is an Ed25519 key"},
		{"RSA at Media CDN", pkcs8(rsaKey), "", googleMediaCDN, "is not an Ed25519 key"},
		{"public", encode("PUBLIC KEY", spki, spkiErr), "sha256", cloudfront,
			`a PEM block of type "PUBLIC KEY"`},
		{"encrypted", encode("ENCRYPTED PRIVATE KEY", sec1, nil), "sha256", cloudfront, "is encrypted"},
		{"damaged", encode("PRIVATE KEY", sec1[1:], nil), "sha256", cloudfront, "cannot be read"},
		{"two", pkcs8(p256) + pkcs8(rsaKey), "sha256", cloudfront, "more than one PEM block"},
		{"text", "K2JCJMDEHXQW5F", "sha256", cloudfront, "is not PEM"},
	} {
		key, err := c.scheme.Private([]byte(c.pem), map[string]string{"hash": c.hash})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) ||
			(key == nil) != (err != nil) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}
