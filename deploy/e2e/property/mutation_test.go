package property

import (
	"encoding/base64"
	"slices"
	"strings"
)

// mutateToken changes a token as text, or as the bytes that it stands for.
func (g generator) mutateToken(t string) string {
	i := g.IntN(len(t))
	switch g.IntN(8) {
	case 0:
		return t[:i]
	case 1:
		return t[:i] + pick(g, "A", "-", "_", "+", "=", "%41", ".", "\n", "é", "\xff") + t[i+g.IntN(2):]
	case 2:
		return t + pick(g, "A", "=", "==", "AA", "AAAA", strings.Repeat("A", 32),
			strings.Repeat("_", 200))
	}
	b, err := base64.RawURLEncoding.DecodeString(t)
	if err != nil {
		panic(err)
	}
	switch at := g.IntN(len(b)); g.IntN(6) {
	case 0:
		b[0] ^= byte(1 + g.IntN(255)) // version and depth
	case 1:
		b[1] ^= 1 << g.IntN(8) // flags
	case 2:
		b[1] ^= 1 << g.IntN(4)
		size := map[byte]int{1: 4, 2: 1, 4: 8, 8: 8}
		want := 24
		for flag, n := range size {
			if b[1]&flag != 0 {
				want += n
			}
		}
		b = slices.Concat(b, make([]byte, 32))[:want] // flags and a length that go together
	case 3:
		b[2+g.IntN(2)] ^= byte(1 << g.IntN(8)) // key
	case 4:
		b = b[:at]
	default:
		b[at] ^= 1 << g.IntN(8)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// mutate changes a few bytes.
func (g generator) mutate(s string) string {
	for range 1 + g.IntN(2) {
		i := g.IntN(len(s))
		s = s[:i] + pick(g, "", "/", "//", "%", "%2", "%2e", "%2F", "%5C", "%00", "?", "#", "&", "=", ";",
			".", "..", "~", " ", "\"", "<", ">", `\`,
			"\x00", "\x1f", "\x7f", "\xc3", "\xa9", "é", "'", "+", "[", "a", "token=", "&token", "\t",
			"\n") + s[i+g.IntN(2):]
		if s == "" {
			return "/"
		}
	}
	return s
}

// lengthen brings a target near to the greatest length.
func (g generator) lengthen(s string) string {
	n := 8192 - len(s) + g.IntN(5) - 2
	if strings.Contains(s, "?") {
		return s + "&" + strings.Repeat("x", max(n-1, 0))
	}
	return s + "?" + strings.Repeat("x", max(n-1, 0))
}
