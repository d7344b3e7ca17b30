package caller

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"

	"github.com/zeebo/blake3"
)

// Prefix starts every API key. A scanner for leaked secrets finds keys by it: Prefix, followed by
// 48 letters, digits, "-" and "_".
const Prefix = "videotoken_"

const (
	randomSize = 32
	keySize    = len(Prefix) + (randomSize+crc32.Size)*4/3 // 36 bytes are whole quanta of base64
)

// NewKey makes an API key of 32 bytes of randomness. Its text ends with a CRC-32 of these bytes, so
// that a scanner can tell a key from what only looks like one.
func NewKey(random io.Reader) (string, error) {
	raw := make([]byte, randomSize, randomSize+crc32.Size)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return Prefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

// hasFormat reports whether text may be a key, so that a long header costs no hash. Whether its
// CRC is right is the hash's business too.
func hasFormat(text []byte) bool {
	return len(text) == keySize && string(text[:len(Prefix)]) == Prefix
}

// Hash is the BLAKE3 hash of a key's text, as `printf %s KEY | b3sum` prints it. A key has so much
// randomness that a slow hash would add nothing.
type Hash [32]byte

// HashOf returns the hash of a key.
func HashOf(key []byte) Hash { return blake3.Sum256(key) }

// ErrHash is the error of text that is not the hash of a key.
var ErrHash = errors.New("must be the hash of a key, 64 hexadecimal digits: `videotoken keygen " +
	"-caller NAME` prints a key and its hash")

// ParseHash reads the text of a hash.
func ParseHash(text string) (h Hash, err error) {
	if len(text) != hex.EncodedLen(len(h)) {
		return Hash{}, ErrHash
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil {
		return Hash{}, ErrHash
	}
	return h, nil
}

// String is the inverse of [ParseHash].
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Is reports whether h is the hash of a key, in constant time: for the admin's key, of which there
// is one.
func (h *Hash) Is(key []byte) bool {
	if !hasFormat(key) {
		return false
	}
	other := HashOf(key)
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}
