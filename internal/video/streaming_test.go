package video

import "testing"

func TestIsStreaming(t *testing.T) {
	for _, c := range []struct {
		mediaType, path string
		want            bool
	}{
		{"application/vnd.apple.mpegurl", "/a", true}, {"application/x-mpegURL", "/a", true},
		{"application/mpegurl", "/a", true},
		{"audio/mpegurl", "/a", true}, {"audio/x-mpegurl", "/a", true},
		{"audio/vnd.apple.mpegurl", "/a", true},
		{"video/mpegurl", "/a", true}, {"video/x-mpegurl", "/a", true},
		{"video/vnd.apple.mpegurl", "/a", true},
		{"Application/Dash+XML; charset=utf-8", "/a", true}, {"video/vnd.mpeg.dash.mpd", "/a", true},
		{"application/vnd.ms-sstr+xml", "/a", true},
		{"video/mp4", "/a.mp4", false}, {"", "/a.mp4", false}, {"video/mp2t", "/a.ts", false},
		{"application/xml", "/a", false},
		{"video/mp4", "/a.m3u8", true}, {"", "/a.M3U8", true}, {"", "/a.m3u", true},
		{"text/plain", "/a.MPD", true},
		{"", "/a.ism/Manifest", true}, {"", "/a.ism/manifest", true}, {"", "/a/Manifest", false},
		{"", "/a.ism/manifest(format=m3u8-aapl)", true},
		{"", "/a.ism/Manifest(format=mpd-time-csf)", true}, {"", "/manifest(format=", false},
		{"", "/am3u8", false}, {"", "/a.m3u8/x", false}, {"", "/", false}, {"", "/a.m3u8x", false},
	} {
		if got := isStreaming([]byte(c.mediaType), []byte(c.path)); got != c.want {
			t.Errorf("%q, %s: %v", c.mediaType, c.path, got)
		}
	}
}
