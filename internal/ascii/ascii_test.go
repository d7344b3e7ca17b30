package ascii_test

import (
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/ascii"
)

// TestEqualLower has every byte in a name, and names of other lengths.
func TestEqualLower(t *testing.T) {
	for c := range 256 {
		text := []byte{'H', 'o', byte(c), 't'}
		want := c == 's' || c == 'S'
		if got := ascii.EqualLower(text, "host"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, text := range []string{"", "hos", "hosts", "ho\u017Ft"} {
		if ascii.EqualLower([]byte(text), "host") {
			t.Errorf("%q is host", text)
		}
	}
	for _, b := range []byte("@[`{\x00\x1f\x7f\xc1") { // beside the letters, and letters less a bit
		if ascii.EqualLower([]byte{b}, string([]byte{b | 0x20})) != (b == b|0x20) {
			t.Errorf("%q has a case", b)
		}
	}
	if !ascii.EqualLower(nil, "") {
		t.Error("no name is another one")
	}
}

func TestBytes(t *testing.T) {
	for c := range 128 {
		text := string(rune(c))
		if got, want := ascii.Lower(byte(c)), strings.ToLower(text)[0]; got != want {
			t.Errorf("Lower of %q: %q", text, got)
		}
		want, err := strconv.ParseUint(text, 16, 8)
		got := ascii.Unhex(byte(c))
		if (got >= 0) != (err == nil) || got >= 0 && got != int8(want) {
			t.Errorf("Unhex of %q: %d", text, got)
		}
	}
	for c := 128; c < 256; c++ {
		if ascii.Lower(byte(c)) != byte(c) || ascii.Unhex(byte(c)) >= 0 {
			t.Errorf("%#x is a letter or a digit", c)
		}
	}
}
