package uri

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"videotoken/internal/ascii"
)

// Path is a path in canonical form, as [Canonical] makes it. Who converts other bytes to a Path
// vouches for them.
type Path []byte

// Canonical appends the canonical form of a URL's path to dst and returns the extended slice. The
// path starts with "/" and is percent-decoded exactly once (RFC 3986, section 2.1). What a server,
// a proxy or a cache could read in two ways is refused with [ErrPath], never repaired:
//
//   - an invalid escape; an encoded "/", "\" or "%"; a raw "?" or "#"
//   - a "\" or a control byte, raw or encoded, and bytes that are not UTF-8
//   - an empty segment, except after a trailing "/"
//   - a segment whose part before the first ";", without spaces at its end, is empty, "." or "..":
//     servlet containers and file systems drop the rest
//
// Case is kept. path may not overlap the free capacity of dst. At an error, dst is returned as it
// came.
func Canonical(dst Path, path []byte) (Path, error) {
	if len(path) == 0 || path[0] != '/' {
		return dst, ErrPath
	}
	start := len(dst)
	// What comes before the first escape is checked in place, and copied as a whole.
	i, segment := 1, 1 // segment is where the current segment starts
	for i < len(path) {
		i += plainRun(path[i:])
		if i == len(path) || path[i] == '%' {
			break
		}
		if path[i] != '/' || i == segment || isDots(path[segment:i]) {
			return dst, ErrPath
		}
		i++
		segment = i
	}
	dst = append(dst, path[:i]...)
	segment += start // in dst, from here on
	for i < len(path) {
		switch path[i] {
		case '%':
			c, ok := Unescape(path[i:])
			if !ok || letters[c]&stop != 0 && c != '?' && c != '#' {
				return dst[:start], ErrPath
			}
			dst = append(dst, c)
			i += 3
		case '/':
			if s := dst[segment:]; len(s) == 0 || isDots(s) {
				return dst[:start], ErrPath
			}
			dst = append(dst, '/')
			segment = len(dst)
			i++
		default:
			run := plainRun(path[i:])
			if run == 0 {
				return dst[:start], ErrPath
			}
			dst = append(dst, path[i:i+run]...)
			i += run
		}
	}
	if s := dst[segment:]; len(s) > 0 && isDots(s) || !utf8.Valid(dst[start:]) {
		return dst[:start], ErrPath
	}
	return dst, nil
}

// Dirs is the number of directories the path lies in, which is the greatest depth a token for it
// can have: 0 for "/a", 2 for "/a/b/c" and for "/a/b/".
func (p Path) Dirs() int { return bytes.Count(p, slash) - 1 }

// Scope is what a token of the given depth opens: the path itself at depth 0, else the path's first
// depth segments with the slash after them. It reports false where the path does not have more
// segments than that.
func (p Path) Scope(depth int) ([]byte, bool) {
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

// isDots reports whether a segment that is not empty is ".", ".." or empty once its parameters
// (";...") and the spaces at its end are taken off.
func isDots(segment []byte) bool {
	switch segment[0] {
	case '.', ';', ' ':
	default:
		return false // nearly always
	}
	for range 2 {
		if len(segment) > 0 && segment[0] == '.' {
			segment = segment[1:]
		}
	}
	for len(segment) > 0 && segment[0] == ' ' {
		segment = segment[1:]
	}
	return len(segment) == 0 || segment[0] == ';'
}

// plainRun is how many bytes at the start of b Canonical can take as they are. It looks at eight at
// a time, coarsely: where one of them is below "-", or is one of "/", "?", "\" and DEL, the table
// decides about each.
func plainRun(b []byte) int {
	i := 0
	for i < len(b) {
		end := len(b)
		if i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			stops := (x-'-'*ones)&^x | zeroBytes(x^'/'*ones) | zeroBytes(x^'?'*ones) |
				zeroBytes(x^'\\'*ones) | zeroBytes(x^0x7F*ones)
			if end = i + 8; stops&highs == 0 {
				i = end
				continue
			}
		}
		for ; i < end; i++ {
			if letters[b[i]]&stop != 0 {
				return i
			}
		}
	}
	return i
}

const ones, highs = ascii.Ones, ascii.Highs

// zeroBytes has the high bit set of the lowest byte of x that is zero, and among the high bits none
// below it (Warren, "Hacker's Delight", section 6-1).
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x }

var slash = []byte("/")
