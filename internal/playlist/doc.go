// Package playlist says which of the URIs in a playlist a token covers: the token of a directory,
// which relative URLs inherit (docs/DESIGN.md, section 2).
//
// Most callers want [Find] and then [Check]. The cost grows with the length of a playlist and with
// nothing else.
//
// # Why no library
//
// The lines of HLS (RFC 8216) are read here, and MPDs (ISO/IEC 23009-1) by encoding/xml. Seven
// libraries were tried on what this package is for: every URI counts, with its line, and a playlist
// from elsewhere must do no harm. None has the line of a URI. TestFindsEveryURI has 16 URIs in HLS
// and 17 in DASH. The second column is how many of them a library kept. This package keeps all.
//
//	module                                  URIs   harm
//	github.com/Eyevinn/hls-m3u8 v0.6.0      13     panics, see below
//	github.com/mogiioin/hls-m3u8 v0.6.1     13     panics, see below
//	github.com/grafov/m3u8 v0.12.1          6      panics, see below
//	github.com/etherlabsio/go-m3u8 v1.0.0   10     none found; refuses a public playlist
//	github.com/bluenviron/gohlslib v2.2.2   7      none found; refuses a public playlist
//	github.com/zencoder/go-dash v3.0.3      11     none found
//	github.com/Eyevinn/dash-mpd v0.12.0     17     a body ">" never ends
//
// The libraries for HLS drop the tags that they do not know, and with them URIs that a player
// fetches. Three of them panic on five lines: EXT-X-KEY, EXT-X-STREAM-INF, a URI, EXTINF, a URI.
// The public playlists are those in testdata. Eyevinn/dash-mpd has a copy of encoding/xml of its
// own, which loops without end where a ">" stands in text. github.com/unki2aut/go-mpd was not to be
// had.
package playlist
