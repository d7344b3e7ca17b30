package token

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Path is a path in canonical form, as [Canonical] makes it. A conversion from other bytes vouches for them.
type Path []byte

// Canonical appends the canonical form of a URL's path to dst and returns the whole of it. The path starts with "/"
// and is percent-decoded exactly once (RFC 3986, section 2.1). What a server, a proxy or a cache could read in two
// ways is refused with [ErrPath], never repaired: an invalid escape; an encoded "/", "\" or "%"; a "\" or a control
// byte, raw or encoded; a raw "?" or "#"; an empty segment, except after a trailing "/"; a segment "." or "..", also
// where it is encoded. Case is kept.
//
// path may not overlap the free capacity of dst. At an error, dst is returned as it came.
func Canonical(dst Path, path []byte) (Path, error) {
	if len(path) == 0 || path[0] != '/' {
		return dst, ErrPath
	}
	start := len(dst)
	dst = append(dst, '/')
	segment := len(dst) // where the current segment starts in dst
	for i := 1; i < len(path); i++ {
		run := i
		i += plainRun(path[i:])
		dst = append(dst, path[run:i]...)
		if i == len(path) {
			break
		}
		switch path[i] {
		case '/':
			if s := dst[segment:]; len(s) == 0 || dots(s) {
				return dst[:start], ErrPath
			}
			dst = append(dst, '/')
			segment = len(dst)
		case '%':
			if len(path)-i < 3 {
				return dst[:start], ErrPath
			}
			hi, lo := unhex[path[i+1]], unhex[path[i+2]]
			c := hi<<4 | lo
			if hi|lo > 0xF || special[c] && c != '?' && c != '#' {
				return dst[:start], ErrPath
			}
			dst = append(dst, c)
			i += 2
		default:
			return dst[:start], ErrPath
		}
	}
	if dots(dst[segment:]) {
		return dst[:start], ErrPath
	}
	return dst, nil
}

// Dirs is the number of directories the path lies in, which is the greatest depth a token for it can have: 0 for
// "/a", 2 for "/a/b/c" and for "/a/b/".
func (p Path) Dirs() int { return bytes.Count(p, slash) - 1 }

// scope is what a token of the given depth vouches for: the path itself at depth 0, else its first depth segments
// with the slash behind them. It reports false where the path does not have more segments than that.
func (p Path) scope(depth int) ([]byte, bool) {
	if depth == 0 {
		return p, true
	}
	for i := 1; i < len(p); i++ {
		if p[i] == '/' {
			if depth--; depth == 0 {
				return p[:i+1], true
			}
		}
	}
	return nil, false
}

// plainRun is how many bytes at the start of b Canonical can take as they are. It looks at eight at a time, coarsely:
// where one of them is below "-", or is one of "/", "?", "\" and DEL, the table decides.
func plainRun(b []byte) int {
	i := 0
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		stop := (x-'-'*ones)&^x | zeroBytes(x^'/'*ones) | zeroBytes(x^'?'*ones) | zeroBytes(x^'\\'*ones) | zeroBytes(x^0x7F*ones)
		if stop &= highs; stop != 0 {
			if i += bits.TrailingZeros64(stop) / 8; special[b[i]] {
				return i
			}
			i++
			continue
		}
		i += 8
	}
	for i < len(b) && !special[b[i]] {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// zeroBytes has the high bit set of the lowest byte of x that is zero, and among the high bits none below it (Warren,
// "Hacker's Delight", section 6-1).
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x }

func dots(segment []byte) bool {
	return len(segment) > 0 && segment[0] == '.' &&
		(len(segment) == 1 || len(segment) == 2 && segment[1] == '.')
}

var (
	slash   = []byte("/")
	special [256]bool // the bytes that Canonical looks at
	unhex   [256]byte // the value of a hexadecimal digit, 0xFF for other bytes
)

func init() {
	for c := range 256 {
		special[c] = c < 0x20 || c == 0x7F
		unhex[c] = 0xFF
	}
	for _, c := range []byte(`/\%?#`) {
		special[c] = true
	}
	for i, c := range []byte("0123456789abcdef") {
		unhex[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		unhex[c] = byte(10 + i)
	}
}
