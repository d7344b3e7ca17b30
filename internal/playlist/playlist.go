package playlist

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxSize is how many bytes of a playlist are read.
const MaxSize = 8 << 20

// The bounds of what one playlist can make of itself.
const (
	maxURIs = 1 << 17
	maxURI  = 1 << 13 // bytes of one
)

var errTooMany = fmt.Errorf("the playlist has more than %d URIs", maxURIs)

// URI is a URI in a playlist.
type URI struct {
	Line int    // from 1
	Text string // as it stands there, without the BaseURLs of an MPD
	// what Text is relative to, itself relative to the playlist; "" for the playlist
	Base     string
	Playlist bool // it leads to another playlist
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
		return findHLS(string(data))
	case bytes.HasPrefix(text, []byte("<")):
		return findDASH(string(data))
	}
	return nil,
		errors.New(`neither an HLS playlist, which starts with "#EXTM3U", nor an MPD, which is XML`)
}
