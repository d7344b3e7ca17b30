// Package playlist says which of the URIs in a playlist a token covers: the token of a directory,
// which relative URLs inherit (docs/DESIGN.md, section 2).
//
// Most callers want [Find] and then [Check]. HLS (RFC 8216) is parsed by github.com/Eyevinn/hls-m3u8,
// which has no dependencies and is maintained; it keeps no line numbers, so the lines are read here,
// too. MPDs (ISO/IEC 23009-1) are read by encoding/xml, which has them.
package playlist

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxSize is how many bytes of a playlist are read.
const MaxSize = 8 << 20

// URI is a URI in a playlist.
type URI struct {
	Line     int    // from 1
	Text     string // as it stands there, without the BaseURLs of an MPD
	Base     string // what Text is relative to, itself relative to the playlist; "" for the playlist
	Playlist bool   // it leads to another playlist
}

// Find returns the URIs of an HLS playlist or an MPD, in the order of their lines.
func Find(data []byte) ([]URI, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the playlist has more than %d bytes", MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	text := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(text, []byte("#EXTM3U")):
		return findHLS(data)
	case bytes.HasPrefix(text, []byte("<")):
		return findDASH(data)
	}
	return nil, errors.New(`neither an HLS playlist, which starts with "#EXTM3U", nor an MPD, which is XML`)
}
