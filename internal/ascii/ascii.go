// Package ascii reads text byte by byte, and eight bytes at a time: letters in any case,
// hexadecimal digits.
//
// Names in HTTP and URLs have case in their ASCII letters alone. Most callers want [EqualLower].
// bytes.EqualFold is for people's text: it takes U+017F for an "s", and U+212A for a "k".
package ascii

// Ones and Highs have the lowest and the highest bit of each of eight bytes: a word times Ones is
// eight copies of a byte (Warren, "Hacker's Delight", section 6-1).
const (
	Ones  = 0x0101010101010101
	Highs = 0x80 * Ones
)

// EqualLower reports whether b, in lower case, is lower. Bytes that are not ASCII have no case.
func EqualLower(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if Lower(c) != lower[i] {
			return false
		}
	}
	return true
}

// Lower returns a letter in lower case, and any other byte as it is.
func Lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// Unhex returns the value of a hexadecimal digit, and -1 for any other byte.
func Unhex(c byte) int8 { return unhex[c] }

var unhex = func() (t [256]int8) {
	for c := range t {
		t[c] = -1
	}
	for i, c := range "0123456789abcdef" {
		t[c] = int8(i)
	}
	for i, c := range "ABCDEF" {
		t[c] = int8(10 + i)
	}
	return t
}()
