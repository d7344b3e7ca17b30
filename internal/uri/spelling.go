package uri

import "slices"

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
func AppendQuery(dst, query []byte) []byte { return appendRaw(dst, query, rawQuery) }

// AppendRawPath appends a path with the bytes percent-encoded that no URI has, and the others as
// they are: its canonical form is the same.
func AppendRawPath(dst, path []byte) []byte { return appendRaw(dst, path, rawPath) }

// AppendFragment appends a fragment, without its "#", with the bytes percent-encoded that no URI
// has.
func AppendFragment(dst, fragment []byte) []byte {
	return appendRaw(dst, fragment, rawPath|rawQuery)
}

// appendRaw appends b with every byte percent-encoded that is not one of the letters in raw.
func appendRaw(dst, b []byte, raw letter) []byte {
	n := len(dst)
	dst = slices.Grow(dst, 3*len(b))[:n+3*len(b)]
	for _, c := range b {
		if letters[c]&raw != 0 {
			dst[n] = c
			n++
			continue
		}
		escaped := dst[n : n+3]
		escaped[0], escaped[1], escaped[2] = '%', upperHex[c>>4], upperHex[c&15]
		n += 3
	}
	return dst[:n]
}

// CheckQuery reports whether a query or a fragment has no control byte, and no "%" that does not
// start an escape.
func CheckQuery(b []byte) bool {
	for i, c := range b {
		if letters[c]&check != 0 {
			if _, ok := Unescape(b[i:]); !ok {
				return false
			}
		}
	}
	return true
}
