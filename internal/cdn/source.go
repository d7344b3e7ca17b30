package cdn

import (
	"bytes"
	"errors"
	"fmt"

	"videotoken/token"
)

// Source is a parsed `src` of a video: an absolute path with an optional query and fragment. The zero value is ready
// for [Source.Parse], and reusing one saves its buffer.
type Source struct {
	path, query, fragment []byte // as they came; a query has its "?", a fragment its "#"
	canonical             token.Path
	depth                 int
	inPath                bool // where the token goes
}

// The errors of a src; each says what to change.
var (
	ErrRelative  = errors.New(`must be an absolute path such as "/film.mp4", without a scheme or host: the service adds the CDN's`)
	ErrCanonical = errors.New(`must be a path in canonical form: no empty, "." or ".." segment, no "\", no control character, and no "%" that does not start the encoding of another byte than "/", "\" or "%"`)
	ErrControl   = errors.New("must have no control character in its query or fragment")
	ErrHasToken  = errors.New(`must not have a "token" of its own: remove it from the query, or the "~" that starts the path`)
	ErrNoDir     = errors.New("is a playlist at the root, whose token would cover the whole CDN: move it into a directory")
	ErrTooDeep   = fmt.Errorf("is a playlist more than %d directories deep, which a token cannot express: move it up", token.MaxDepth)
)

// Parse takes a src apart; s refers to src afterwards. mediaType is the source's `type`, empty if it has none: it
// tells a streaming playlist, whose token goes into the path, so that the URLs relative to it inherit the token.
func (s *Source) Parse(src, mediaType []byte) error {
	if len(src) == 0 || src[0] != '/' || len(src) > 1 && src[1] == '/' {
		return ErrRelative
	}
	s.path, s.query, s.fragment = src, nil, nil
	if i := bytes.IndexByte(s.path, '#'); i >= 0 {
		s.path, s.fragment = s.path[:i], s.path[i:]
	}
	if i := bytes.IndexByte(s.path, '?'); i >= 0 {
		s.path, s.query = s.path[:i], s.path[i:]
	}
	var err error
	if s.canonical, err = token.Canonical(s.canonical[:0], s.path); err != nil {
		return ErrCanonical
	}
	if hasControl(s.query) || hasControl(s.fragment) {
		return ErrControl
	}
	if len(s.canonical) > 1 && s.canonical[1] == '~' || hasToken(s.query) {
		return ErrHasToken
	}
	s.depth, s.inPath = 0, false
	if isPlaylist(mediaType, s.canonical) {
		s.depth, s.inPath = s.canonical.Dirs(), true
		switch {
		case s.depth == 0:
			return ErrNoDir
		case s.depth > token.MaxDepth:
			return ErrTooDeep
		}
	}
	return nil
}

// AppendURL appends the URL at which the CDN serves the source, with a token of the given claims signed by the CDN's
// first key. The claims' depth is the source's.
func (c *CDN) AppendURL(dst []byte, s *Source, claims *token.Claims) ([]byte, error) {
	scoped := *claims
	scoped.Depth = s.depth
	dst = append(dst, c.URL...)
	var err error
	if s.inPath {
		dst = append(dst, "/~"...)
		if dst, err = c.Keys[0].Append(dst, &scoped, s.canonical); err != nil {
			return dst, err
		}
		dst = append(dst, s.path...)
		dst = append(dst, s.query...)
	} else {
		dst = append(dst, s.path...)
		dst = append(dst, s.query...)
		switch {
		case len(s.query) == 0:
			dst = append(dst, "?token="...)
		case len(s.query) == 1: // an empty query
			dst = append(dst, "token="...)
		default:
			dst = append(dst, "&token="...)
		}
		if dst, err = c.Keys[0].Append(dst, &scoped, s.canonical); err != nil {
			return dst, err
		}
	}
	return append(dst, s.fragment...), nil
}

func hasControl(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c == 0x7F {
			return true
		}
	}
	return false
}

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
	if len(mediaType) > 0 && mediaType[0]|0x20 == 'v' {
		return false // the most common, "video/mp4", without a closer look
	}
	if i := bytes.IndexByte(mediaType, ';'); i >= 0 {
		mediaType = mediaType[:i]
	}
	if mediaType = bytes.TrimSpace(mediaType); len(mediaType) == 0 {
		return bytes.HasSuffix(path, []byte(".m3u8")) || bytes.HasSuffix(path, []byte(".mpd"))
	}
	for _, t := range playlistTypes {
		if bytes.EqualFold(mediaType, t) {
			return true
		}
	}
	return false
}

var playlistTypes = [][]byte{
	[]byte("application/vnd.apple.mpegurl"),
	[]byte("application/x-mpegurl"),
	[]byte("audio/mpegurl"),
	[]byte("application/dash+xml"),
}

// Reset lets go of the src and keeps the buffer.
func (s *Source) Reset() { s.path, s.query, s.fragment = nil, nil, nil }
