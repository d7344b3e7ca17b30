package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"sync"

	"github.com/zeebo/blake3"

	"videotoken/internal/uri"
)

// SecretSize is the size of a secret in bytes.
const SecretSize = 32

// keyContext separates the MAC key from every other use of the same secret: BLAKE3's key derivation
// mode, section 2.3 of the BLAKE3 paper.
const keyContext = "videotoken 2026-11-23 URL token v1 MAC key"

// sha256Context separates the tags of version 2 from every other use of the same secret.
const sha256Context = "videotoken v2\x00"

// ErrSecret is the error of a secret that is not [SecretSize] bytes, or not the base64url text of
// as many.
var ErrSecret = errors.New("token: a secret is 32 bytes: 43 characters of base64url " +
	"without padding")

// Key signs and verifies tokens of one version. It prints as its id alone whatever the verb. It is
// safe for concurrent use.
type Key struct {
	id      uint16
	version int
	macs    sync.Pool // of *mac: a keyed BLAKE3 hasher is 10 KiB, so they are reused
}

// NewKey makes a key of version 1, keyed BLAKE3, from a secret of [SecretSize] bytes. The key is
// derived from its secret and keeps no copy of it.
func NewKey(id uint16, secret []byte) (*Key, error) {
	if len(secret) != SecretSize {
		return nil, ErrSecret
	}
	var derived [32]byte
	blake3.DeriveKey(keyContext, secret, derived[:])
	return newKey(id, versionBLAKE3, func() *mac {
		h, err := blake3.NewKeyed(derived[:])
		if err != nil {
			panic(err) // the size is right by construction
		}
		return &mac{hash: h}
	}), nil
}

// NewSHA256Key makes a key of version 2, HMAC-SHA256 (RFC 2104), from a secret of [SecretSize]
// bytes: for edges that have no BLAKE3.
func NewSHA256Key(id uint16, secret []byte) (*Key, error) {
	if len(secret) != SecretSize {
		return nil, ErrSecret
	}
	secret = slices.Clone(secret)
	return newKey(id, versionSHA256, func() *mac {
		return &mac{hash: hmac.New(sha256.New, secret), context: []byte(sha256Context)}
	}), nil
}

func newKey(id uint16, version int, newMAC func() *mac) *Key {
	k := &Key{id: id, version: version}
	k.macs.New = func() any { return newMAC() }
	return k
}

// ParseSecret decodes the text form of a secret: 43 characters of base64url without padding,
// canonically spelled.
func ParseSecret(text string) ([]byte, error) {
	secret := make([]byte, len(text))
	n, ok := decodeText(secret, []byte(text))
	if !ok || n != SecretSize {
		return nil, ErrSecret
	}
	return secret[:n], nil
}

// ParseID reads the id of a key: a number from 0 to 65535 in decimal digits.
func ParseID(text string) (uint16, error) {
	id, err := strconv.ParseUint(text, 10, 16)
	if err != nil || text != strconv.FormatUint(id, 10) {
		return 0, errors.New("must be a number from 0 to 65535")
	}
	return uint16(id), nil
}

// FormatSecret is the inverse of [ParseSecret].
func FormatSecret(secret []byte) string { return string(appendText(nil, secret)) }

// ID is the key's id, which its tokens carry.
func (k *Key) ID() uint16 { return k.id }

// Format implements [fmt.Formatter]: a key prints as its id, so that no verb can put key material
// into a log.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "key %d", k.id) }

// mac is the working memory of one signature.
type mac struct {
	hash    hash.Hash
	context []byte // what is hashed before everything else
	message []byte // what is hashed: it starts with the claims and the masked address
	sum     [32]byte
	path    Path
}

// head is where the claims are written, and the masked address after them.
func (m *mac) head() *[maxSize]byte {
	m.message = slices.Grow(m.message[:0], maxSize)[:maxSize]
	return (*[maxSize]byte)(m.message)
}

// tag computes the tag of the first n bytes of m.head(), which are the claims and the masked
// address, over a scope and a query, which is spelled already or not. The result is good until the
// next call.
func (m *mac) tag(n int, scope, query []byte, spelled bool) []byte {
	m.message = append(m.message[:n], scope...)
	if len(query) > 0 {
		if m.message = append(m.message, 0); spelled {
			m.message = append(m.message, query...)
		} else {
			m.message = uri.AppendQuery(m.message, query)
		}
	}
	m.hash.Reset()
	if m.context != nil {
		_, _ = m.hash.Write(m.context) // a hash's Write cannot fail
	}
	_, _ = m.hash.Write(m.message)
	return m.hash.Sum(m.sum[:0])[:tagSize]
}
