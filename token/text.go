package token

import (
	"encoding/binary"

	"videotoken/internal/ascii"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// sextet is the value of a character of the base64url alphabet (RFC 4648, section 5), 0xFF for
// other bytes.
var sextet = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xFF
	}
	for i, c := range []byte(alphabet) {
		t[c] = byte(i)
	}
	return t
}()

// appendText appends the base64url text of b without padding. It writes what encoding/base64 does,
// in a third of its time for so few bytes.
func appendText(dst, b []byte) []byte {
	for ; len(b) >= 6; b = b[6:] {
		x := uint64(binary.BigEndian.Uint32(b))<<16 | uint64(binary.BigEndian.Uint16(b[4:]))
		dst = binary.BigEndian.AppendUint64(dst, letters(x))
	}
	for ; len(b) >= 3; b = b[3:] {
		x := uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
		dst = append(dst, alphabet[x>>18], alphabet[x>>12&63], alphabet[x>>6&63], alphabet[x&63])
	}
	switch len(b) {
	case 1:
		dst = append(dst, alphabet[b[0]>>2], alphabet[b[0]<<4&63])
	case 2:
		dst = append(dst, alphabet[b[0]>>2], alphabet[b[0]<<4&63|b[1]>>4], alphabet[b[1]<<2&63])
	}
	return dst
}

// letters returns the eight characters of 48 bits, the first one in the highest byte. It works on
// all bytes of a word at once.
func letters(x uint64) uint64 {
	const ones, highs = ascii.Ones, ascii.Highs
	// Each half goes to the top of its own half: 48 bits become 2 x 24, 4 x 12, 8 x 6.
	x = x&0xFFFFFF000000<<8 | x&0xFFFFFF
	x = x&0x00FFF00000FFF000<<4 | x&0x00000FFF00000FFF
	x = x&0x0FC00FC00FC00FC0<<2 | x&0x003F003F003F003F
	// The alphabet is five runs. A byte has the high bit in a sum where it is at or over the start
	// of a run, and no sum carries: the bytes are below 64.
	atLeast := func(n uint64) uint64 { return (x + (0x80-n)*ones) & highs >> 7 }
	return x + 'A'*ones + atLeast(26)*('a'-'Z'-1) - atLeast(52)*('z'+1-'0') -
		atLeast(62)*('9'+1-'-') + atLeast(63)*('_'-'-'-1)
}

// decodeText decodes base64url without padding into dst, which must have room for it. Only the
// canonical spelling is accepted: nothing outside the alphabet, which encoding/base64 is laxer
// about (it skips CR and LF), no length that no encoding has, and spare bits that are zero.
func decodeText(dst, text []byte) (int, bool) {
	n := 0
	for len(text) >= 4 {
		a, b, c, d := sextet[text[0]], sextet[text[1]], sextet[text[2]], sextet[text[3]]
		if a|b|c|d > 0x3F {
			return 0, false
		}
		dst[n], dst[n+1], dst[n+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
		n += 3
		text = text[4:]
	}
	switch len(text) {
	case 0:
		return n, true
	case 2:
		a, b := sextet[text[0]], sextet[text[1]]
		if a|b > 0x3F || b&0x0F != 0 {
			return 0, false
		}
		dst[n] = a<<2 | b>>4
		return n + 1, true
	case 3:
		a, b, c := sextet[text[0]], sextet[text[1]], sextet[text[2]]
		if a|b|c > 0x3F || c&0x03 != 0 {
			return 0, false
		}
		dst[n], dst[n+1] = a<<2|b>>4, b<<4|c>>2
		return n + 2, true
	default:
		return 0, false
	}
}

// decodeToken decodes the text of a token. Of a text that is longer than any token it decodes the
// beginning, and checks the rest.
func decodeToken(dst *[maxSize + 2]byte, text []byte) (int, bool) {
	const head = maxText / 4 * 4
	if len(text) <= maxText {
		return decodeText(dst[:], text)
	}
	var scratch [3]byte
	for rest := text[head:]; len(rest) > 0; rest = rest[min(4, len(rest)):] {
		if _, ok := decodeText(scratch[:], rest[:min(4, len(rest))]); !ok {
			return 0, false
		}
	}
	return decodeText(dst[:], text[:head])
}
