package document

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"videotoken/internal/ascii"
)

const ones, highs = ascii.Ones, ascii.Highs

// scanString returns the position after the string that starts at b[i], and whether it has escapes.
// At a fault it returns the fault's position.
//
// It looks at eight bytes at a time for the next one that needs attention: a quote, a backslash, a
// control character, or the start of a character that is not ASCII. The tests for such a byte in a
// word are from Warren, "Hacker's Delight", section 6-1.
func scanString(b []byte, i int) (end int, escaped bool, f fault) {
	i++ // the opening quote
	for i < len(b) {
		if len(b)-i >= 8 {
			x := binary.LittleEndian.Uint64(b[i : i+8])
			// Flipping the bit 0x02 turns a quote, 0x22, into 0x20, and keeps control characters
			// below 0x20. So one test, "less than 0x21", finds both. A difference has the high bit
			// where the byte was less, and x where it is not ASCII. The lowest of them is right; a
			// borrow may set others above it.
			quotes, backslashes := (x^0x02*ones)-0x21*ones, (x^'\\'*ones)-ones
			stops := (quotes | backslashes | x) & highs
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
			for i < len(b) && b[i] == '\\' { // escapes often come in a row
				if i+1 < len(b) && simpleEscapes[b[i+1]] != 0 {
					i += 2
					continue
				}
				if code := hex4(b[i:]); code >= 0 && code>>11 != 0xD800>>11 {
					i += 6
					continue
				}
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
			// Two-byte characters are read here, because a call for each would cost more than their
			// bytes may.
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

// simpleEscapes has the byte for which each escape of one letter stands, 0 for letters that are no
// such escape.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n',
	'r': '\r', 't': '\t'}

// scanEscape returns the length of the \u escape at the start of b. A surrogate pair counts as one
// escape.
func scanEscape(b []byte) (n int, f fault) {
	code := hex4(b)
	switch {
	case code < 0:
		return 0, escapeFault(b)
	case code>>10 == 0xDC00>>10:
		return 0, loneSurrogate
	case code>>10 != 0xD800>>10:
		return 6, none
	}
	if low := hex4(b[6:]); low>>10 == 0xDC00>>10 {
		return 12, none
	} else if low < 0 && escapeFault(b[6:]) == tooShort {
		return 0, tooShort
	}
	return 0, loneSurrogate
}

// hex4 returns the code of the \u escape at the start of b, or a negative number where there is
// none.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	return rune(ascii.Unhex(b[2]))<<12 | rune(ascii.Unhex(b[3]))<<8 |
		rune(ascii.Unhex(b[4]))<<4 | rune(ascii.Unhex(b[5]))
}

// escapeFault says why b does not start with a \u escape.
func escapeFault(b []byte) fault {
	for i, c := range b[:min(len(b), 6)] {
		if i < 2 && c != `\u`[i] || i >= 2 && ascii.Unhex(c) < 0 {
			return badEscape
		}
	}
	return tooShort
}

// appendUnescaped appends the text between the quotes of a valid string, with each escape replaced
// by its character.
func appendUnescaped(dst, s []byte) []byte {
	for len(s) > 0 {
		if s[0] != '\\' {
			i := bytes.IndexByte(s, '\\')
			if i < 0 {
				return append(dst, s...)
			}
			dst = append(dst, s[:i]...)
			s = s[i:]
		}
		if c := simpleEscapes[s[1]]; c != 0 {
			dst = append(dst, c)
			s = s[2:]
			continue
		}
		code := hex4(s)
		s = s[6:]
		if code < utf8.RuneSelf {
			dst = append(dst, byte(code))
			continue
		}
		if code>>10 == 0xD800>>10 {
			code = 0x10000 + (code-0xD800)<<10 + (hex4(s) - 0xDC00)
			s = s[6:]
		}
		dst = utf8.AppendRune(dst, code)
	}
	return dst
}
