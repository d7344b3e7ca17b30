package scheme

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// PrivateKey is a private key of a CDN. Its signatures are functions of what is signed:
// RSASSA-PKCS1 v1.5 (RFC 8017), deterministic ECDSA (RFC 6979), or Ed25519 (RFC 8032).
type PrivateKey struct {
	signer crypto.Signer
	hash   crypto.Hash // of what is signed; 0 for Ed25519, which takes the message
	id     [32]byte    // a digest of the hash function's number and the public key
}

// newPrivateKey makes a key of an RSA, ECDSA or Ed25519 key.
func newPrivateKey(signer crypto.Signer, hash crypto.Hash) (*PrivateKey, error) {
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{signer: signer, hash: hash,
		id: sha256.Sum256(append([]byte{byte(hash)}, public...))}, nil
}

// sign signs a message.
func (k *PrivateKey) sign(message []byte) ([]byte, error) {
	if k.hash != 0 {
		h := k.hash.New()
		_, _ = h.Write(message) // a hash's Write cannot fail
		message = h.Sum(nil)
	}
	// Without a source of random numbers, ECDSA is deterministic.
	return k.signer.Sign(nil, message, k.hash)
}

// verify reports whether a signature is one of the message. ECDSA has many for one message.
func (k *PrivateKey) verify(message, signature []byte) bool {
	digest := message
	if k.hash != 0 {
		h := k.hash.New()
		_, _ = h.Write(message) // a hash's Write cannot fail
		digest = h.Sum(nil)
	}
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, k.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, signature)
	}
	return false
}

// maxRSA bounds the cost of a signature: it grows with the third power of the length.
const minRSA, maxRSA = 2048, 4096

// parsePEM reads a private key in a PEM block: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1
// (RFC 5915). No error has any part of the key.
func parsePEM(text []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("is not PEM: it must have a line -----BEGIN PRIVATE KEY-----")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, fmt.Errorf("has more than one PEM block: keep the private key alone")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return nil, errEncrypted
		}
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return nil, errEncrypted
		}
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, errEncrypted
	default:
		return nil, fmt.Errorf("is a PEM block of type %q: it must be a PRIVATE KEY, RSA PRIVATE "+
			"KEY or EC PRIVATE KEY", block.Type)
	}
	if err != nil {
		return nil, errors.New("is PEM, but the key in it cannot be read: it is damaged or of an " +
			"unknown kind")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, fmt.Errorf("is a key of another kind than RSA, ECDSA and Ed25519")
}

// formatPEM writes a private key as parsePEM reads it.
func formatPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

var errEncrypted = errors.New("is encrypted: decrypt it, for example with `openssl pkey -in " +
	"FILE -out NEW`")

// checkRSA refuses RSA keys that are too short to be safe, or so long that they are slow.
func checkRSA(k *rsa.PrivateKey) error {
	if n := k.N.BitLen(); n < minRSA || n > maxRSA {
		return fmt.Errorf("is an RSA key of %d bits: %d to %d are taken", n, minRSA, maxRSA)
	}
	return nil
}
