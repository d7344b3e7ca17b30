package playlist

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// hlsAttribute finds the attributes of HLS tags that are URIs: RFC 8216bis, and X-ASSET-URI and
// X-ASSET-LIST of interstitials.
var hlsAttribute = regexp.MustCompile(`[:,](URI|SERVER-URI|X-ASSET-URI|X-ASSET-LIST)="([^"]*)"`)

// hlsPlaylistTags lead to media playlists.
var hlsPlaylistTags = []string{"#EXT-X-MEDIA:", "#EXT-X-I-FRAME-STREAM-INF:", "#EXT-X-RENDITION-REPORT:"}

func findHLS(data []byte) (uris []URI, err error) {
	_, kind, err := m3u8.DecodeFrom(bytes.NewReader(data), false)
	if err != nil {
		return nil, fmt.Errorf("not an HLS playlist: %w", err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line[0] != '#':
			uris = append(uris, URI{Line: i + 1, Text: line, Playlist: kind == m3u8.MASTER})
		case strings.HasPrefix(line, "#EXT"):
			for _, m := range hlsAttribute.FindAllStringSubmatch(line, -1) {
				uris = append(uris, URI{Line: i + 1, Text: m[2], Playlist: m[1] == "URI" && leadsToPlaylist(line)})
			}
		}
	}
	return uris, nil
}

func leadsToPlaylist(line string) bool {
	for _, tag := range hlsPlaylistTags {
		if strings.HasPrefix(line, tag) {
			return true
		}
	}
	return false
}
