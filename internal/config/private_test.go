package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/internal/config"
)

// writeKey writes a new ECDSA key into a file beside the configuration.
func writeKey(t *testing.T, file string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, k)
}

// writeEd25519 is writeKey for an Ed25519 key.
func writeEd25519(t *testing.T, file string) {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, k)
}

func writePEM(t *testing.T, file string, key any) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

const private = `
signature_cache: 2MiB
cors: {origins: ["https://player.example.com"], credentials: true}
cdns:
  - {name: cf, url: "https://cf.example.com", scheme: cloudfront, keys: [{id: K2JCJMDEHXQW5F, private_key_file: cf.pem}], cookies: {domain: example.com}}
  - {name: gm, url: "https://media.example.com/base", scheme: google-media-cdn, keys: [{id: my-key, secret: "DJUcnLguVFKmVCFnWGubG1MZg7fWAnxacMjKDhVZMGI="}]}
`

// TestPrivateKeys: private keys and cookies come out of the file, a change of the key's file is a
// change of the configuration, and a new configuration has the signatures of the one before.
func TestPrivateKeys(t *testing.T) {
	file := write(t, "videotoken.yaml", private, 0o600)
	key := filepath.Join(filepath.Dir(file), "cf.pem")
	writeKey(t, key)
	one, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cf := one.CDNs.All()[0]
	if cf.CookieDomain != "example.com" || one.SignatureCache != 2<<20 || one.Signatures == nil ||
		len(one.Warnings) != 0 {
		t.Errorf("%q, %d, %v", cf.CookieDomain, one.SignatureCache, one.Warnings)
	}
	writeKey(t, key)
	two, err := config.LoadAfter(one, file)
	if err != nil {
		t.Fatal(err)
	}
	if two.Sum == one.Sum || two.Signatures != one.Signatures {
		t.Error("the key changed: the configuration did not, or its signatures are new")
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if three, err := config.Load(file); err != nil || len(three.Warnings) != 1 ||
		!strings.Contains(three.Warnings[0], "readable by everybody") {
		t.Errorf("%v: no warning of a private key that everybody may read", err)
	}
}

func TestPrivateKeyMistakes(t *testing.T) {
	file := write(t, "videotoken.yaml", private, 0o600)
	key := filepath.Join(filepath.Dir(file), "cf.pem")
	writeKey(t, key)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "text"),
		[]byte("a secret that must not be told"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, with, says string }{
		{"private_key_file: cf.pem", "private_key_file: none.pem",
			"cdns[0].keys[0].private_key_file: cannot be read"},
		{"private_key_file: cf.pem", "private_key_file: text",
			"cdns[0].keys[0].private_key_file: is not PEM"},
		{"private_key_file: cf.pem", "private_key_file: cf.pem, hash: sha1",
			"private_key_file: is an ECDSA key, which CloudFront does not take with SHA-1"},
		{"private_key_file: cf.pem", "private_key_file: cf.pem, hash: md5",
			"cdns[0].keys[0].hash: must be sha256 or sha1"},
		{"private_key_file: cf.pem", "secret: abc",
			"cdns[0].keys[0].secret: unknown field: expected one of hash, id, private_key_file"},
		{"private_key_file: cf.pem", `private_key_file: "-----BEGIN PRIVATE KEY-----"`,
			"is a key, not the name of a file"},
		{"private_key_file: cf.pem", "hash: sha256", "cdns[0].keys[0]: needs one of private_key_file"},
		{`secret: "DJUcnLguVFKmVCFnWGubG1MZg7fWAnxacMjKDhVZMGI="`, `secret: "DJUc"`,
			"cdns[1].keys[0].secret: must be a seed of 32 bytes"},
		{`secret: "DJUcnLguVFKmVCFnWGubG1MZg7fWAnxacMjKDhVZMGI="`, `private_key_file: cf.pem`,
			"private_key_file: is not an Ed25519 key"},
		{"domain: example.com", "domain: com", "cdns[0].cookies.domain: is a public suffix"},
		{"domain: example.com", "domain: cf2.example.com",
			"must be the host of the CDN's url, cf.example.com, or a domain that it is in"},
		{"domain: example.com", "domain: .example.com",
			"must be a domain in lower case, without a dot before it"},
		{"{domain: example.com}", "{}", "cdns[0].cookies.domain: is missing"},
		{"https://cf.example", "http://cf.example", "cookies.domain: needs a CDN with https"},
		{"https://cf.example.com", "https://cf.example.com/a,b", "needs a base path of letters"},
		{", credentials: true", "", "cors.credentials: must be true: the CDN cf has cookies"},
		{"signature_cache: 2MiB", "signature_cache: 2KiB", "signature_cache: must be a size from 1MiB"},
		{"scheme: google-media-cdn", "scheme: google-media-cdn, cookies: 1", "cdns[1].cookies: must be"},
		{"scheme: google-media-cdn, keys", "scheme: bunny, cookies: {domain: example.com}, keys",
			"cookies: unknown field"},
	} {
		text := strings.Replace(private, c.old, c.with, 1)
		if text == private {
			t.Fatalf("%s is not in the file", c.old)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(file)
		if err == nil || !strings.Contains(err.Error(), c.says) ||
			bytes.Contains([]byte(err.Error()), []byte("must not be told")) {
			t.Errorf("%s: %v, want %s", c.with, err, c.says)
		}
	}
}
