package playlist

import (
	"slices"
	"strings"
	"testing"
)

// every are playlists with a URI in every place where one may stand. Each begins with "u-".
var every = []string{`#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-MAP:URI="u-map.mp4"
#EXT-X-KEY:METHOD=AES-128,URI="u-key.bin"
#EXT-X-DATERANGE:ID="a",START-DATE="2024-01-01T00:00:00Z",X-ASSET-URI="u-asset.m3u8",X-ASSET-LIST="u-assets.json"
#EXT-X-NEW-TAG:URI="u-new.bin"
#EXTINF:4,
u-1.ts
#EXT-X-PART:DURATION=0.5,URI="u-part.mp4"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="u-hint.mp4"
#EXT-X-RENDITION-REPORT:URI="u-report.m3u8",LAST-MSN=1
`, `#EXTM3U
#EXT-X-VERSION:10
#EXT-X-CONTENT-STEERING:SERVER-URI="u-steer.json"
#EXT-X-SESSION-DATA:DATA-ID="a",URI="u-data.json"
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="u-key.bin"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",URI="u-audio.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="u-iframe.m3u8"
#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI="u-image.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1",AUDIO="a"
u-video.m3u8
`, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink">
<Location>u-location.mpd</Location><PatchLocation>u-patch.mpp</PatchLocation>
<BaseURL>u-base1/</BaseURL>
<InitializationSet id="1" initialization="u-initset.mp4"/>
<Period xlink:href="u-period.xml"><BaseURL>u-base2/</BaseURL>
<AdaptationSet mimeType="video/mp4"><BaseURL>u-base3/</BaseURL>
<SegmentTemplate media="u-media.m4s" initialization="u-init.mp4" index="u-index.sidx" bitstreamSwitching="u-switch.mp4"/>
<Representation id="a" bandwidth="1"><BaseURL>u-base4/</BaseURL></Representation>
<Representation id="b" bandwidth="1"><SegmentList><Initialization sourceURL="u-list.mp4"/>
<SegmentURL media="u-1.m4s" index="u-1.sidx"/></SegmentList></Representation>
<Representation id="c" bandwidth="1"><SegmentBase><Initialization sourceURL="u-single.mp4"/>
<RepresentationIndex sourceURL="u-single.sidx"/></SegmentBase></Representation>
</AdaptationSet></Period></MPD>`}

// TestFindsEveryURI: each is found, in its line or as the base of another.
func TestFindsEveryURI(t *testing.T) {
	planted := 0
	for _, text := range every {
		uris, err := Find([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(text, "\n") {
			for _, want := range strings.FieldsFunc(line, func(r rune) bool {
				return strings.ContainsRune(`"<>`, r)
			}) {
				if !strings.HasPrefix(want, "u-") {
					continue
				}
				planted++
				if !slices.ContainsFunc(uris, func(u URI) bool {
					return u.Line == n+1 && u.Text == want || strings.Contains(u.Base, want)
				}) {
					t.Errorf("line %d: %s is not among %v", n+1, want, uris)
				}
			}
		}
	}
	if planted != 16+17 {
		t.Errorf("%d URIs, which doc.go says otherwise", planted)
	}
}
