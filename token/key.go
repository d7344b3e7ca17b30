package token

import (
	"errors"
	"fmt"
	"sync"

	"github.com/zeebo/blake3"
)

// SecretSize is the size of a secret in bytes.
const SecretSize = 32

// keyContext separates the MAC key from every other use of the same secret: BLAKE3's key derivation mode, section
// 2.3 of the BLAKE3 paper.
const keyContext = "videotoken 2026-11-23 URL token v1 MAC key"

// ErrSecret is the error of a secret that is not [SecretSize] bytes, or not the base64url text of as many.
var ErrSecret = errors.New("token: a secret is 32 bytes: 43 characters of base64url without padding")

// Key signs and verifies tokens. It is derived from its secret once, keeps no copy of the secret, and prints as its
// id alone whatever the verb. It is safe for concurrent use.
type Key struct {
	id   uint16
	macs sync.Pool // of *mac: a keyed hasher is 10 KiB, so they are reused
}

// NewKey derives the key with the given id from a secret of [SecretSize] bytes.
func NewKey(id uint16, secret []byte) (*Key, error) {
	if len(secret) != SecretSize {
		return nil, ErrSecret
	}
	var derived [32]byte
	blake3.DeriveKey(keyContext, secret, derived[:])
	k := &Key{id: id}
	k.macs.New = func() any {
		h, err := blake3.NewKeyed(derived[:])
		if err != nil {
			panic(err) // the size is right by construction
		}
		return &mac{hash: h}
	}
	return k, nil
}

// ParseSecret decodes the text form of a secret: 43 characters of base64url without padding, canonically spelled.
func ParseSecret(text string) ([]byte, error) {
	secret := make([]byte, len(text))
	n, ok := decodeText(secret, []byte(text))
	if !ok || n != SecretSize {
		return nil, ErrSecret
	}
	return secret[:n], nil
}

// FormatSecret is the inverse of [ParseSecret].
func FormatSecret(secret []byte) string { return string(appendText(nil, secret)) }

// ID is the key's id, which its tokens carry.
func (k *Key) ID() uint16 { return k.id }

// Format implements [fmt.Formatter]: a key prints as its id, so that no verb can put key material into a log.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "key %d", k.id) }

// mac is the working memory of one signature.
type mac struct {
	hash *blake3.Hasher
	buf  [maxSize]byte // the claims, and the masked address behind them
	sum  [32]byte
	path Path
}

// tag computes the tag of the claims in m.buf[:n], which include the masked address, over scope.
func (m *mac) tag(n int, scope []byte) []byte {
	m.hash.Reset()
	_, _ = m.hash.Write(m.buf[:n]) // a Hasher's Write cannot fail
	_, _ = m.hash.Write(scope)
	return m.hash.Sum(m.sum[:0])[:tagSize]
}
