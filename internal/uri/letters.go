package uri

import (
	"unicode/utf8"

	"videotoken/internal/ascii"
)

// letter says where a byte may stand.
type letter uint8

const (
	// stays as it is in the path of a document's URL: pchar and "/" of RFC 3986
	rawPath letter = 1 << iota
	// stays as it is in a query: RFC 3986's letters of a query, but for "'"
	rawQuery
	served     // stays as it is in a path that is served
	takenPath  // a client may send it raw in a path
	takenQuery // a client may send it raw in a query
	stop       // Canonical has to look at it
	check      // a control byte, or "%": CheckQuery has to look at it
)

var letters = func() (t [256]letter) {
	set := func(chars string, l letter) {
		for _, c := range []byte(chars) {
			t[c] |= l
		}
	}
	const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	set(alphanumeric+"-._~!$&'()*+,;=:@/", rawPath|takenPath|takenQuery)
	set(alphanumeric+"-._~!$&()*+,;=:@/?", rawQuery|takenQuery)
	// without "+" and ";", which origins read in two ways
	set(alphanumeric+"-._~!$&'()*,=:@/", served)
	set("[]|^{}`", takenPath|takenQuery) // what browsers and players send raw
	set(`\`, takenQuery)
	for c := range t {
		if c >= utf8.RuneSelf {
			t[c] |= takenPath | takenQuery
		}
		if c < 0x20 || c == 0x7F {
			t[c] |= stop | check
		}
	}
	set("%", rawPath|rawQuery|check) // escapes stay
	set(`/\%?#`, stop)
	return t
}()

// Unescape returns the byte that b encodes where b starts with "%" and two hexadecimal digits. ok
// is false for any other start.
func Unescape(b []byte) (c byte, ok bool) {
	if len(b) < 3 || b[0] != '%' {
		return 0, false
	}
	high, low := ascii.Unhex(b[1]), ascii.Unhex(b[2])
	return byte(high<<4 | low), high|low >= 0
}

func appendEscape(dst []byte, c byte) []byte {
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

const upperHex = "0123456789ABCDEF"

// Check reports whether a request target is of at most [MaxTarget] bytes and has only letters that
// are taken: those of RFC 3986, what browsers and players send raw ("[", "]", "|", "^", "{", "}",
// "`", UTF-8 above 0x7F, and "\" in a query), and "%" where it starts two hexadecimal digits. It
// does not look at the path's segments.
func Check(target []byte) bool {
	if len(target) > MaxTarget || !utf8.Valid(target) {
		return false
	}
	taken := takenPath
	for i, c := range target {
		if letters[c]&taken != 0 {
			continue
		}
		switch c {
		case '%':
			if _, ok := Unescape(target[i:]); !ok {
				return false
			}
		case '?': // the first one: the others are letters of a query
			taken = takenQuery
		default:
			return false
		}
	}
	return true
}
