package uri

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestBytes compares what looks at many bytes at once with what looks at one after the other, for
// texts of many lengths in which every letter comes up, and rare ones stand at every place.
func TestBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rare := []byte("%/\\?#'\x00\x1f\x7f\x80\xff &=.;~|\"" + "\u00e9")
	for range 100_000 {
		b := bytes.Repeat([]byte("a"), random.IntN(40))
		for range random.IntN(4) {
			if len(b) > 0 {
				b[random.IntN(len(b))] = rare[random.IntN(len(rare))]
			}
		}
		if len(b) > 3 && random.IntN(2) == 0 {
			copy(b[random.IntN(len(b)-2):], fmt.Sprintf("%%%02x", random.IntN(256)))
		}
		for name, s := range map[string]*spelling{"path": ofPath, "query": ofQuery,
			"fragment": ofFragment} {
			want := "kept"
			for _, c := range b {
				if letters[c]&s.raw != 0 {
					want += string([]byte{c})
				} else {
					want += fmt.Sprintf("%%%02X", c)
				}
			}
			if got := s.spell([]byte("kept"), b); string(got) != want {
				t.Fatalf("%q in a %s: %q; want %q", b, name, got, want)
			}
		}
		if got, want := CheckQuery(b), checkEach(b); got != want {
			t.Fatalf("CheckQuery of %q: %v", b, got)
		}
		run := 0
		for run < len(b) && letters[b[run]]&stop == 0 {
			run++
		}
		if got := plainRun(b); got != run {
			t.Fatalf("plainRun of %q: %d; want %d", b, got, run)
		}
	}
}

// checkEach is CheckQuery, a byte at a time.
func checkEach(b []byte) bool {
	for i, c := range b {
		if c < 0x20 || c == 0x7F {
			return false
		}
		if c == '%' {
			if _, ok := Unescape(b[i:]); !ok {
				return false
			}
		}
	}
	return true
}
