package uri

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"

	"videotoken/internal/ascii"
)

// Source is a parsed URL of a document: an absolute path with an optional query and fragment. It
// refers to the text it was parsed from, and Canonical also does where the path is spelled
// canonically.
type Source struct {
	Path      []byte // as it came
	Query     []byte // as it came, without its "?"
	Fragment  []byte // as it came, with its "#"
	Canonical Path

	encode bool // there are bytes that no URI has
}

// The errors of [Source.Parse]. Each says what to change.
var (
	errRelative  = errors.New(`must be an absolute path such as "/film.mp4", without a scheme or host: the service adds the CDN's`)
	errCanonical = errors.New(`must be a path in canonical form: no empty, "." or ".." segment, no "\", no control character, nothing that is not UTF-8, and no "%" that does not start the encoding of another byte than "/", "\" or "%"`)
	errUnclean   = errors.New(`must have no control character in its query or fragment, and no "%" there that does not start an encoded byte`)
	errHasToken  = errors.New(`must not have a "token" of its own: remove it from the query, or the "~" that starts the path`)
)

// Parse takes a URL apart. Where the canonical path differs from the text, or may, Parse appends it
// to room, which may be nil, and returns the extended slice: the URLs of one document share one
// buffer.
func (s *Source) Parse(src, room []byte) ([]byte, error) {
	if !IsPath(src) {
		return room, errRelative
	}
	s.Path, s.Query, s.Fragment, s.encode = src, nil, nil, false
	if isOrdinary(src) { // nearly always
		s.Canonical = Path(src)
		return room, nil
	}
	s.encode = ofPath.plainRun(src) < len(src)
	if s.encode { // it has a "?", "#", "%", or a byte to encode
		if i := bytes.IndexByte(s.Path, '#'); i >= 0 {
			s.Path, s.Fragment = s.Path[:i], s.Path[i:]
		}
		if i := bytes.IndexByte(s.Path, '?'); i >= 0 {
			s.Path, s.Query = s.Path[:i], s.Path[i+1:]
		}
	}
	start := len(room)
	out, err := Canonical(room, s.Path)
	if err != nil {
		return room, errCanonical
	}
	s.Canonical = out[start:len(out):len(out)]
	if !CheckQuery(s.Query) || !CheckQuery(s.Fragment) {
		return room, errUnclean
	}
	if Tilde(s.Canonical) > 0 || HasParameter(s.Query, "token") {
		return room, errHasToken
	}
	return out, nil
}

// isOrdinary reports whether a URL is a canonical path that needs no encoding and is spelled with
// nothing but ASCII letters, digits, "-", ".", "/" and "_". It may report false for such a path
// where a segment starts with ".".
func isOrdinary(src []byte) bool {
	last := len(src) - 8
	if last < 0 {
		return false
	}
	// Eight bytes at a time, of which the first is the last of those before, so that each byte is
	// seen beside the next one.
	for i := 0; ; i = min(i+7, last) {
		// A sum has the high bit where a byte is at or over a bound, and none carries: the bytes
		// are below 0x80.
		x := binary.LittleEndian.Uint64(src[i : i+8])
		letter := x | 0x20*ones // in lower case
		ordinary := (letter + (0x80-'a')*ones) &^ (letter + (0x7F-'z')*ones)
		// "-", ".", "/" and digits are in a row
		ordinary |= (x + (0x80-'-')*ones) &^ (x + (0x7F-'9')*ones)
		ordinary |= ^((x ^ '_'*ones) + 0x7F*ones)
		if x&highs != 0 || ordinary&highs != highs {
			return false
		}
		slashes := ^((x ^ '/'*ones) + 0x7F*ones)
		// "." and "/" differ in the lowest bit
		if begins := ^((x | ones ^ '/'*ones) + 0x7F*ones); slashes<<8&begins&highs != 0 {
			return false // an empty segment, or one that starts with "."
		}
		if i == last {
			return true
		}
	}
}

// AppendPath appends the path as it came, with the bytes percent-encoded that no URI has: a browser
// would send some of them so and some raw, and the canonical path is the same.
func (s *Source) AppendPath(dst []byte) []byte {
	if !s.encode {
		return append(dst, s.Path...)
	}
	return AppendRawPath(dst, s.Path)
}

// AppendFragment appends the fragment with its "#", and nothing where there is none.
func (s *Source) AppendFragment(dst []byte) []byte {
	if len(s.Fragment) == 0 {
		return dst
	}
	return AppendFragment(append(dst, '#'), s.Fragment[1:])
}

// HasParameter reports whether a query has a parameter of the given name, which is in lower case,
// in any case and also percent-encoded: what reads the query after a verifier may decode it.
func HasParameter(query []byte, name string) bool {
	for len(query) > 0 {
		c := query[0]
		if c == '&' {
			query = query[1:]
			continue
		}
		if (c == name[0] || c|0x20 == name[0] || c == '%') && startsWith(query, name) {
			return true
		}
		query = afterParameter(query)
	}
	return false
}

// afterParameter returns what comes after the first parameter of a query, and its "&".
func afterParameter(query []byte) []byte {
	for len(query) >= 8 {
		x := binary.LittleEndian.Uint64(query)
		if found := zeroBytes(x^'&'*ones) & highs; found != 0 {
			return query[bits.TrailingZeros64(found)/8+1:]
		}
		query = query[8:]
	}
	for i, c := range query {
		if c == '&' {
			return query[i+1:]
		}
	}
	return nil
}

// startsWith reports whether a query's first parameter, percent-decoded and in lower case, has the
// name.
func startsWith(query []byte, name string) bool {
	for i := range len(name) {
		if len(query) == 0 {
			return false
		}
		c, encoded := query[0], false
		if c == '%' {
			c, encoded = Unescape(query)
		}
		if encoded {
			query = query[3:]
		} else {
			c, query = query[0], query[1:]
		}
		if ascii.Lower(c) != name[i] {
			return false
		}
	}
	return len(query) == 0 || query[0] == '=' || query[0] == '&'
}
