package document

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// scanString returns the position after the string that starts at b[i], and whether it has escapes. At a fault it
// returns the fault's position.
//
// It looks at eight bytes at a time for the next one that needs attention: a quote, a backslash, a control character,
// or the start of a character that is not ASCII. The tests for such a byte in a word are from Warren, "Hacker's
// Delight", section 6-1.
func scanString(b []byte, i int) (end int, escaped bool, f fault) {
	i++ // the opening quote
	for i < len(b) {
		if i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			// Flipping the bit 0x02 turns a quote, 0x22, into 0x20, and keeps control characters below 0x20. So one
			// test, "less than 0x21", finds both.
			stops := ((x ^ 0x02*ones) - 0x21*ones) &^ x
			stops |= ((x ^ '\\'*ones) - ones) &^ (x ^ '\\'*ones)
			stops = (stops | x) & highs // the lowest bit is right; a borrow may set others above it
			if stops == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(stops) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, escaped, none
		case c == '\\':
			escaped = true
			for i+1 < len(b) && b[i] == '\\' && simpleEscapes[b[i+1]] != 0 {
				i += 2
			}
			if i < len(b) && b[i] == '\\' {
				n, f := scanEscape(b[i:])
				if f != none {
					return i, true, f
				}
				i += n
			}
		case c < 0x20:
			return i, escaped, controlByte
		case c < utf8.RuneSelf:
			i++
		default:
			// Two-byte characters are read here, because a call for each would cost more than their bytes may.
			for i+1 < len(b) && b[i]-0xC2 <= 0xDF-0xC2 && b[i+1]&0xC0 == 0x80 {
				i += 2
			}
			for i < len(b) && b[i] >= utf8.RuneSelf {
				r, n := utf8.DecodeRune(b[i:])
				if r == utf8.RuneError && n == 1 {
					if !utf8.FullRune(b[i:]) {
						return len(b), escaped, tooShort
					}
					return i, escaped, notUTF8
				}
				i += n
			}
		}
	}
	return len(b), escaped, tooShort
}

// simpleEscapes has the byte for which each escape of one letter stands, 0 for letters that are no such escape.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// scanEscape returns the length of the \u escape at the start of b. A surrogate pair counts as one escape.
func scanEscape(b []byte) (n int, f fault) {
	code, f := hex4(b)
	switch {
	case f != none:
		return 0, f
	case code>>10 == 0xDC00>>10:
		return 0, loneSurrogate
	case code>>10 != 0xD800>>10:
		return 6, none
	}
	switch low, f := hex4(b[6:]); {
	case f == tooShort:
		return 0, tooShort
	case f != none || low>>10 != 0xDC00>>10:
		return 0, loneSurrogate
	}
	return 12, none
}

// hex4 returns the code of the \u escape at the start of b.
func hex4(b []byte) (code rune, f fault) {
	for i := range 6 {
		if i == len(b) {
			return 0, tooShort
		}
		c := b[i]
		switch {
		case i == 0:
			if c != '\\' {
				return 0, badEscape
			}
			continue
		case i == 1:
			if c != 'u' {
				return 0, badEscape
			}
			continue
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, badEscape
		}
		code = code<<4 | rune(c)
	}
	return code, none
}

// appendUnescaped appends the text between the quotes of a valid string, with each escape replaced by its character.
func appendUnescaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		for len(s) > 0 && s[0] == '\\' { // escapes often come in a row
			if c := simpleEscapes[s[1]]; c != 0 {
				dst = append(dst, c)
				s = s[2:]
				continue
			}
			code, _ := hex4(s)
			s = s[6:]
			if code>>10 == 0xD800>>10 {
				low, _ := hex4(s)
				s = s[6:]
				code = 0x10000 + (code-0xD800)<<10 + (low - 0xDC00)
			}
			dst = utf8.AppendRune(dst, code)
		}
	}
}
