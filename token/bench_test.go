package token_test

import (
	"testing"

	"github.com/zeebo/blake3"

	"videotoken/token"
)

const seedPath = "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4"

// BenchmarkBLAKE3 is the yardstick of Sign and Verify: the keyed hash of as many bytes, and nothing
// else.
func BenchmarkBLAKE3(b *testing.B) {
	h, err := blake3.NewKeyed(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	input := append(make([]byte, 8), seedPath...)
	var sum [32]byte
	b.ReportAllocs()
	for b.Loop() {
		h.Reset()
		_, _ = h.Write(input)
		h.Sum(sum[:0])
	}
}

func BenchmarkSign(b *testing.B) {
	key := newKey(b, 7)
	claims := token.Claims{Expiry: 2000000000}
	buf, path, src := make([]byte, 0, 64), make(token.Path, 0, 64), []byte(seedPath)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if path, err = token.Canonical(path[:0], src); err != nil {
			b.Fatal(err)
		}
		if _, err = key.Append(buf, &claims, path, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	key := newKey(b, 7)
	keys := token.Keys{key}
	uri := []byte(seedPath + "?token=" + mint(b, key, token.Claims{Expiry: 2000000000}, seedPath))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Verify(token.Request{URI: uri, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}
