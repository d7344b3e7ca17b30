package cdn

import (
	"bytes"
	"errors"
	"fmt"

	"videotoken/internal/mediatype"
	"videotoken/token"
)

// Source is a parsed `src` of a video: an absolute path with an optional query and fragment. The zero value is ready
// for [Source.Parse], and reusing one saves its buffer.
type Source struct {
	path, query, fragment []byte // as they came; a query has its "?", a fragment its "#"
	canonical             token.Path
	depth                 int
	inPath                bool // where the token goes
	encode                bool // there are bytes that no URI has
}

// The errors of a src; each says what to change.
var (
	errRelative  = errors.New(`must be an absolute path such as "/film.mp4", without a scheme or host: the service adds the CDN's`)
	errCanonical = errors.New(`must be a path in canonical form: no empty, "." or ".." segment, no "\", no control character, and no "%" that does not start the encoding of another byte than "/", "\" or "%"`)
	errUnclean   = errors.New(`must have no control character in its query or fragment, and no "%" there that does not start an encoded byte`)
	errTooLong   = fmt.Errorf("is too long: with its token, path and query must be %d bytes at most, percent-encoded", MaxURI)
	errHasToken  = errors.New(`must not have a "token" of its own: remove it from the query, or the "~" that starts the path`)
	errNoDir     = errors.New("is a playlist at the root, whose token would cover the whole CDN: move it into a directory")
	errTooDeep   = fmt.Errorf("is a playlist more than %d directories deep, which a token cannot express: move it up", token.MaxDepth)
)

// Parse takes a src apart; s refers to src afterwards. mediaType is the source's `type`, empty if it has none: it
// tells a streaming playlist, whose token goes into the path, so that the URLs relative to it inherit the token.
func (s *Source) Parse(src, mediaType []byte) error {
	if len(src) == 0 || src[0] != '/' || len(src) > 1 && src[1] == '/' {
		return errRelative
	}
	s.path, s.query, s.fragment = src, nil, nil
	var found class
	for _, c := range src {
		found |= classes[c]
	}
	s.encode = found&classOther != 0
	if found&classEnd != 0 {
		if i := bytes.IndexByte(s.path, '#'); i >= 0 {
			s.path, s.fragment = s.path[:i], s.path[i:]
		}
		if i := bytes.IndexByte(s.path, '?'); i >= 0 {
			s.path, s.query = s.path[:i], s.path[i:]
		}
	}
	var err error
	if s.canonical, err = token.Canonical(s.canonical[:0], s.path); err != nil {
		return errCanonical
	}
	if !isClean(s.query) || !isClean(s.fragment) {
		return errUnclean
	}
	if len(s.canonical) > 1 && s.canonical[1] == '~' || hasToken(s.query) {
		return errHasToken
	}
	s.depth, s.inPath = 0, false
	if isPlaylist(mediaType, s.canonical) {
		s.depth, s.inPath = s.canonical.Dirs(), true
		switch {
		case s.depth == 0:
			return errNoDir
		case s.depth > token.MaxDepth:
			return errTooDeep
		}
	}
	return nil
}

// MaxURI is how long the path and query of a signed URL may be, in bytes. Proxies take no longer request lines by
// default.
const MaxURI = 8 << 10

// AppendURL appends the URL at which the CDN serves the source, with a token of the given claims signed by the CDN's
// first key. The claims' depth is the source's. Bytes that no URI has (RFC 3986) are percent-encoded: a browser would
// send some of them so and some raw, the canonical path is the same, and a JSON string can have the URL as it is.
func (c *CDN) AppendURL(dst []byte, s *Source, claims *token.Claims) ([]byte, error) {
	scoped := *claims
	scoped.Depth = s.depth
	dst = append(dst, c.URL...)
	start := len(dst)
	if s.inPath {
		dst = append(dst, "/~"...)
	} else {
		dst = s.append(s.append(dst, s.path), s.query)
		switch {
		case len(s.query) == 0:
			dst = append(dst, "?token="...)
		case len(s.query) == 1: // an empty query
			dst = append(dst, "token="...)
		default:
			dst = append(dst, "&token="...)
		}
	}
	dst, err := c.Keys[0].Append(dst, &scoped, s.canonical)
	if err != nil {
		return dst, err
	}
	if s.inPath {
		dst = s.append(s.append(dst, s.path), s.query)
	}
	if len(dst)-start > MaxURI {
		return dst, errTooLong
	}
	return s.append(dst, s.fragment), nil
}

// append appends a part of the source.
func (s *Source) append(dst, part []byte) []byte {
	if !s.encode {
		return append(dst, part...)
	}
	const digits = "0123456789ABCDEF"
	for _, c := range part {
		if classes[c]&classOther != 0 {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// class is what a byte is in a src; a byte without one stands for itself.
type class uint8

const (
	classEnd     class = 1 << iota // "?" and "#", which end a path or query
	classPercent                   // "%", which starts an encoded byte
	classOther                     // what no URI has: RFC 3986, section 2
)

var classes = func() (t [256]class) {
	for c := range t {
		t[c] = classOther
	}
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/") {
		t[c] = 0
	}
	t['?'], t['#'], t['%'] = classEnd, classEnd, classPercent
	return t
}()

// IsTarget reports whether b is a path and query such as [CDN.AppendURL] writes: a request target in origin form (RFC
// 9112, section 3.2.1) in the letters of RFC 3986, of MaxURI bytes at most. A client that sends raw UTF-8 or a "|" is
// not taken for one that encoded it: what passes such bytes on re-encodes them in more than one way.
func IsTarget(b []byte) bool {
	if len(b) == 0 || len(b) > MaxURI || b[0] != '/' {
		return false
	}
	for i, c := range b {
		if classes[c] != 0 && c != '?' && !isEncoded(b[i:]) {
			return false
		}
	}
	return true
}

// isEncoded reports whether b starts with an encoded byte.
func isEncoded(b []byte) bool { return len(b) >= 3 && b[0] == '%' && isHex(b[1]) && isHex(b[2]) }

// isClean reports whether a query or fragment has no control character and no "%" but in an encoded byte.
func isClean(b []byte) bool {
	for i, c := range b {
		if c < 0x20 || c == 0x7F || c == '%' && !isEncoded(b[i:]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// hasToken reports whether a query has a parameter named token, also where the name is percent-encoded: what reads
// the query behind the verifier may decode it.
func hasToken(query []byte) bool {
	for len(query) > 0 {
		name := query[1:] // behind the "?" or "&"
		if i := bytes.IndexByte(name, '&'); i >= 0 {
			name, query = name[:i], name[i:]
		} else {
			query = nil
		}
		if i := bytes.IndexByte(name, '='); i >= 0 {
			name = name[:i]
		}
		if decodesTo(name, "token") {
			return true
		}
	}
	return false
}

// decodesTo reports whether b percent-decodes to the name, which has letters only.
func decodesTo(b []byte, name string) bool {
	for i := range len(name) {
		switch {
		case len(b) >= 1 && b[0] == name[i]:
			b = b[1:]
		case len(b) >= 3 && b[0] == '%' && b[1] == "0123456789"[name[i]>>4] && (b[2]|0x20) == "0123456789abcdef"[name[i]&0xF]|0x20:
			b = b[3:]
		default:
			return false
		}
	}
	return len(b) == 0
}

// isPlaylist reports whether a source is a streaming manifest (HLS, RFC 8216; DASH, ISO/IEC 23009-1): by its media
// type in any case, without parameters; where it has none, by its path's extension.
func isPlaylist(mediaType []byte, path token.Path) bool {
	if len(mediaType) == 0 {
		return bytes.HasSuffix(path, []byte(".m3u8")) || bytes.HasSuffix(path, []byte(".mpd"))
	}
	if mediaType[0]|0x20 == 'v' {
		return false // the most common, "video/mp4", without a closer look
	}
	for _, t := range playlistTypes {
		if mediatype.Is(mediaType, t) {
			return true
		}
	}
	return false
}

var playlistTypes = []string{"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "application/dash+xml"}

// Reset lets go of the src and keeps the buffer.
func (s *Source) Reset() { s.path, s.query, s.fragment = nil, nil, nil }
