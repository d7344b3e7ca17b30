package uri

import (
	"encoding/binary"
	"slices"
)

// AppendPath appends a path in the one spelling that is served: letters, digits and
// "-._~!$&'()*,=:@/" as they are, every other byte as "%XX" in upper case. The path is canonical,
// or one that [Canonical] takes.
func AppendPath(dst, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			c, _ = Unescape(path[i:])
			i += 2
		}
		if letters[c]&served != 0 {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

// IsServed reports whether a path is canonical and in the spelling of [AppendPath].
func IsServed(path []byte) bool {
	canonical, err := Canonical(nil, path)
	return err == nil && string(AppendPath(nil, canonical)) == string(path)
}

// AppendQuery appends a query, without its "?", in the one spelling that is signed and served: "'"
// and what RFC 3986 does not let stand in a query percent-encoded in upper case, escapes as they
// are.
func AppendQuery(dst, query []byte) []byte { return ofQuery.spell(dst, query) }

// AppendRawPath appends a path with the bytes percent-encoded that no URI has, and the others as
// they are: its canonical form is the same.
func AppendRawPath(dst, path []byte) []byte { return ofPath.spell(dst, path) }

// AppendFragment appends a fragment, without its "#", with the bytes percent-encoded that no URI
// has.
func AppendFragment(dst, fragment []byte) []byte { return ofFragment.spell(dst, fragment) }

// spelling says how bytes are spelled.
type spelling struct {
	raw  letter      // the bytes that stay as they are
	text [256]uint32 // of each byte: one or three letters, and their number in the last byte
}

var (
	ofPath     = newSpelling(rawPath)
	ofQuery    = newSpelling(rawQuery)
	ofFragment = newSpelling(rawPath | rawQuery)
)

// newSpelling returns the spelling in which every byte is percent-encoded that is not one of the
// letters in raw.
func newSpelling(raw letter) *spelling {
	s := &spelling{raw: raw}
	for c := range s.text {
		if letters[c]&raw != 0 {
			s.text[c] = uint32(c) | 1<<24
		} else {
			s.text[c] = '%' | uint32(upperHex[c>>4])<<8 | uint32(upperHex[c&15])<<16 | 3<<24
		}
	}
	return s
}

// spell appends b, each byte as s spells it. From the first byte that is percent-encoded it has no
// branch, so that a text that mixes them costs no more than another.
func (s *spelling) spell(dst, b []byte) []byte {
	plain := s.plainRun(b)
	dst = append(dst, b[:plain]...)
	if b = b[plain:]; len(b) == 0 {
		return dst
	}
	n := len(dst)
	dst = slices.Grow(dst, 3*len(b)+1) // the number in the last byte is written, too
	dst = dst[:cap(dst)]
	for _, c := range b {
		text := s.text[c]
		binary.LittleEndian.PutUint32(dst[n:], text)
		n += int(text >> 24)
	}
	return dst[:n]
}

// plainRun is how many bytes at the start of b stay as they are, or fewer: it looks at eight at a
// time. If there is one kind of raw letters, len(b) means that all bytes stay, and less that one
// does not.
func (s *spelling) plainRun(b []byte) int {
	for i := 0; i < len(b); i += 8 {
		all := s.raw
		for _, c := range b[i:min(i+8, len(b))] {
			all &= letters[c]
		}
		if all == 0 {
			return i
		}
	}
	return len(b)
}

// CheckQuery reports whether a query or a fragment has no control byte, and no "%" that does not
// start an escape.
func CheckQuery(b []byte) bool {
	for i := 0; i < len(b); {
		end := len(b)
		if i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			found := (x-' '*ones)&^x | zeroBytes(x^'%'*ones) | zeroBytes(x^0x7F*ones)
			if end = i + 8; found&highs == 0 {
				i = end
				continue
			}
		}
		for ; i < end; i++ {
			if letters[b[i]]&check == 0 {
				continue
			}
			if _, ok := Unescape(b[i:]); !ok {
				return false
			}
			i += 2
		}
	}
	return true
}
