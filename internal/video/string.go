package video

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// str goes behind the string the walker is at. It looks at eight bytes at a time for the next that is more than
// itself: the quote, a backslash, a control character, or the start of what is not ASCII (the tests for a byte in a
// word are Warren's, "Hacker's Delight", section 6-1).
func (w *walker) str() span {
	s := span{start: w.i}
	b, i := w.b, w.i+1
	for i < len(b) {
		if i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			// Flipping the bit 0x02 makes of the quote, 0x22, a 0x20, and leaves the control characters below it.
			stop := ((x ^ 0x02*ones) - 0x21*ones) &^ x
			stop |= ((x ^ '\\'*ones) - ones) &^ (x ^ '\\'*ones)
			stop = (stop | x) & highs // the high bit of the lowest such byte, and none below it
			if stop == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(stop) / 8
		}
		switch c := b[i]; {
		case c == '"':
			w.i = i + 1
			s.end = w.i
			return s
		case c == '\\':
			s.escaped = true
			n := 2
			if !w.trust {
				n = escape(b[i:])
			}
			if n == 0 {
				w.fail()
				return span{}
			}
			i += n
		case c < 0x20:
			w.fail()
			return span{}
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				w.fail()
				return span{}
			}
			i += n
		}
	}
	w.fail()
	return span{}
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// escape is the length of the escape sequence that b starts with, 0 if it is none. A surrogate pair is one.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		switch high, ok := hex4(b); {
		case !ok || high>>10 == 0xDC00>>10:
			return 0
		case high>>10 != 0xD800>>10:
			return 6
		}
		if low, ok := hex4(b[6:]); ok && low>>10 == 0xDC00>>10 {
			return 12
		}
	}
	return 0
}

// hex4 is the code of a \u escape.
func hex4(b []byte) (code uint, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		code = code<<4 | uint(c)
	}
	return code, true
}
