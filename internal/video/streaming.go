package video

import (
	"bytes"
	"errors"
	"fmt"

	"videotoken/internal/document"
	"videotoken/internal/mediatype"
	"videotoken/internal/uri"
	"videotoken/token"
)

var (
	errNoDirectory = errors.New("is a playlist at the root, whose token would cover the whole " +
		"CDN: move it into a directory")
	errTooDeep = fmt.Errorf("is a playlist more than %d directories deep, which a token "+
		"cannot express: move it up", token.MaxDepth)
)

// directory returns the depth of the directory that a playlist is in, which its token covers.
func directory(path uri.Path) (depth int, err error) {
	switch n := path.Dirs(); {
	case n == 0:
		return 0, errNoDirectory
	case n > token.MaxDepth:
		return 0, errTooDeep
	default:
		return n, nil
	}
}

// scope reads the directory that the request names for the tokens of all its playlists.
func (r *request) scope() (path uri.Path, depth int, err error) {
	v := r.document.Options.Scope
	var text []byte
	if r.document.IsString(v) {
		text = r.document.Text(v)
	}
	if len(text) == 0 || text[len(text)-1] != '/' {
		return nil, 0, document.Errorf("/token/scope",
			`must be a string: the path of a directory, such as "/cmaf/film/"`)
	}
	start := len(r.paths)
	if r.paths, err = uri.Canonical(r.paths, text); err != nil {
		return nil, 0, document.Errorf("/token/scope", "must be a path in canonical form: %v", err)
	}
	path = uri.Path(r.paths[start:len(r.paths):len(r.paths)])
	if depth = path.Dirs(); depth == 0 || depth > token.MaxDepth || uri.Tilde(path) > 0 {
		return nil, 0, document.Errorf("/token/scope",
			"must be 1 to %d directories deep, and not start with a \"~\"", token.MaxDepth)
	}
	return path, depth, nil
}

// isStreaming reports whether players take a source for HLS (RFC 8216), DASH (ISO/IEC 23009-1) or
// Smooth Streaming (MS-SSTR): by its media type, in any case and without parameters, or by how its
// path ends.
func isStreaming(mediaType []byte, path uri.Path) bool {
	return endsAsManifest(path) || isManifestType(mediaType)
}

func isManifestType(mediaType []byte) bool {
	if len(mediaType) == 0 || string(mediaType) == "video/mp4" {
		return false // nearly always
	}
	for _, t := range manifestTypes {
		if mediatype.Is(mediaType, t) {
			return true
		}
	}
	return false
}

var manifestTypes = func() []string {
	types := []string{"application/dash+xml", "video/vnd.mpeg.dash.mpd",
		"application/vnd.ms-sstr+xml"}
	for _, kind := range []string{"application/", "audio/", "video/"} {
		for _, prefix := range []string{"", "x-", "vnd.apple."} {
			types = append(types, kind+prefix+"mpegurl")
		}
	}
	return types
}()

// endsAsManifest reports whether a path ends in ".m3u8", ".m3u", ".mpd", ".ism/Manifest" or
// "manifest(format=...)", in any case.
func endsAsManifest(path []byte) bool {
	switch path[len(path)-1] | 0x20 {
	case '8', 'u', 'd', 't', ')' | 0x20:
	default:
		return false // nearly always
	}
	for _, ending := range []string{".m3u8", ".m3u", ".mpd", ".ism/manifest"} {
		if n := len(path) - len(ending); n >= 0 && bytes.EqualFold(path[n:], []byte(ending)) {
			return true
		}
	}
	const format = "manifest(format="
	last := path[bytes.LastIndexByte(path, '/')+1:]
	return len(last) > len(format) && bytes.EqualFold(last[:len(format)], []byte(format)) &&
		last[len(last)-1] == ')'
}
