package scheme

import (
	"crypto/hmac"
	"hash"
	"sync"
)

// macs are the memory of signatures with one key, to be reused.
type macs struct{ pool sync.Pool }

// mac is the memory of one signature.
type mac struct {
	hash hash.Hash
	text []byte // the message
	part []byte // a part of the message, while it is made
	buf  [64]byte
}

// newHMAC makes the MACs of HMAC (RFC 2104) with a hash function.
func newHMAC(newHash func() hash.Hash, key []byte) *macs {
	key = append([]byte(nil), key...)
	return newMACs(func() hash.Hash { return hmac.New(newHash, key) })
}

// newMACs makes the MACs of a keyed hash function, or the digests of one without a key.
func newMACs(newHash func() hash.Hash) *macs {
	m := &macs{}
	m.pool.New = func() any { return &mac{hash: newHash()} }
	return m
}

// get returns memory for one signature, with an empty message.
func (m *macs) get() *mac {
	one := m.pool.Get().(*mac)
	one.text, one.part = one.text[:0], one.part[:0]
	return one
}

func (m *macs) put(one *mac) { m.pool.Put(one) }

// sum returns the MAC of the message, which is good until put.
func (m *mac) sum() []byte {
	m.hash.Reset()
	_, _ = m.hash.Write(m.text) // a hash's Write cannot fail
	return m.hash.Sum(m.buf[:0])
}
