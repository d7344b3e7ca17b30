package token_test

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"videotoken/token"
)

// TestText: base64url is written as encoding/base64 does, in all its characters. FormatSecret uses
// the same code for any length.
func TestText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 100 {
		b := make([]byte, n)
		for range 50 {
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			if got, want := token.FormatSecret(b), base64.RawURLEncoding.EncodeToString(b); got != want {
				t.Fatalf("%x is %s, want %s", b, got, want)
			}
		}
	}
}
