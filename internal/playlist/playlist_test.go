package playlist

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// layouts are playlists as they are in use, with what the token for the path covers: "yes", "no",
// or "-" for what needs none; and the scope that covers all that can be.
var layouts = []struct{ name, src, scope, text, want, wide string }{
	{"one directory", "/films/a/master.m3u8", "", `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=1
720p/v.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2
1080p.m3u8?x=1
`, "3 yes 720p/v.m3u8|5 yes 1080p.m3u8?x=1", "/films/a/"},
	{"audio beside", "/cmaf/film/video/master.m3u8", "", `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="../audio/en/a.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="iframes.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
v.m3u8
`, "2 no ../audio/en/a.m3u8|3 yes iframes.m3u8|5 yes v.m3u8", "/cmaf/film/"},
	{"audio beside, with its scope", "/cmaf/film/video/master.m3u8", "/cmaf/film/", `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="../audio/en/a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
v.m3u8
`, "2 yes ../audio/en/a.m3u8|4 yes v.m3u8", "/cmaf/film/"},
	{"keys beside", "/films/a/v.m3u8", "", `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-KEY:METHOD=AES-128,URI="../keys/k.bin"
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4,
seg 1.m4s
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"
#EXTINF:4,
/films/a/seg2.m4s
#EXTINF:4,
https://other.example/seg3.m4s
#EXTINF:4,
//other.example/seg4.m4s
`, `3 no ../keys/k.bin|4 yes init.mp4|6 yes seg 1.m4s|7 yes skd://key|9 no /films/a/seg2.m4s|11 no https://other.example/seg3.m4s|13 no //other.example/seg4.m4s`, "/films/"},
	{"low latency", "/ll/2M/v.m3u8", "", `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-PART:DURATION=1,URI="p1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p2.m4s"
#EXT-X-RENDITION-REPORT:URI="../1M/v.m3u8",LAST-MSN=1
`, "4 yes p1.m4s|5 yes p2.m4s|6 no ../1M/v.m3u8", "/ll/"},
	{"above the root", "/a/v.m3u8", "", `#EXTM3U
#EXTINF:4,
../../x.ts
#EXTINF:4,
../b/x.ts
#EXTINF:4,
%2e%2e/b%2Fx.ts
`, "3 no ../../x.ts|5 no ../b/x.ts|7 no %2e%2e/b%2Fx.ts", "/"},
	{"CRLF and a byte order mark", "/a/v.m3u8", "", "\ufeff#EXTM3U\r\n#EXTINF:4,\r\nx.ts\r\n", "3 yes x.ts", "/a/"},
	{"DASH", "/dash/film/m.mpd", "", `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">
  <BaseURL>../</BaseURL>
  <Location>m.mpd</Location>
  <Period>
    <AdaptationSet>
      <BaseURL>media/</BaseURL>
      <SegmentTemplate initialization="$RepresentationID$/i.mp4" media="$RepresentationID$/$Number%05d$.m4s"/>
      <Representation id="1"><BaseURL>/root.mp4</BaseURL></Representation>
      <Representation id="2"><SegmentList><Initialization sourceURL="i2.mp4"/><SegmentURL media="s1.mp4"/></SegmentList></Representation>
    </AdaptationSet>
  </Period>
</MPD>`, "3 no ../|4 yes m.mpd|7 no media/|8 no 1/i.mp4|8 no 1/1.m4s|9 no /root.mp4|10 no i2.mp4|10 no s1.mp4", "/dash/"},
	{"DASH with its scope", "/dash/film/m.mpd", "/dash/", `<MPD><BaseURL>../</BaseURL><Period><SegmentTemplate media="$$$Time$.m4s"/></Period></MPD>`,
		"1 yes ../|1 yes $1.m4s", "/dash/"},
}

func TestLayouts(t *testing.T) {
	for _, c := range layouts {
		uris, err := Find([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		results, err := Check(c.src, c.scope, uris)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range results {
			mark := "no"
			if r.Covered {
				mark = "yes"
			} else if r.Reason == "" {
				t.Errorf("%s: %s is refused without a reason", c.name, r.Text)
			}
			got = append(got, fmt.Sprint(r.Line, " ", mark, " ", r.Text))
		}
		if got := strings.Join(got, "|"); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
		if wide, ok := Scope(c.src, results); wide != c.wide || ok != (wide != "/") {
			t.Errorf("%s: scope %s, %v; want %s", c.name, wide, ok, c.wide)
		}
		// With the scope, all that leads to a path is covered.
		if results, err = Check(c.src, c.wide, uris); err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Path != "" && !r.Covered {
				t.Errorf("%s: %s is not covered by %s", c.name, r.Text, c.wide)
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	for _, text := range []string{"", "x", "{}", "<html/>", "<MPD>", "<MPD><!ENTITY a 'b'></MPD>", "<!DOCTYPE MPD [<!ENTITY a 'b'>]><MPD>&a;</MPD>",
		"<MPD>&a;</MPD>", "<MPD>" + strings.Repeat("<a>", 100), strings.Repeat("<", 100), strings.Repeat("x", MaxSize+1), "<MPD/><MPD></a>"} {
		if uris, err := Find([]byte(text)); err == nil {
			t.Errorf("%.40q: %v", text, uris)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range [][2]string{{"a", ""}, {"/a/../b", ""}, {"/a/b", "/a"}, {"/a/b", "/a/../"}} {
		if _, err := Check(c[0], c[1], nil); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
}

// TestPublic reads playlists of public test suites (testdata/README.md names them). No URI that the
// parser knows of may be lost.
func TestPublic(t *testing.T) {
	files, err := filepath.Glob("testdata/*.m3u8")
	if err != nil || len(files) < 5 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		uris, err := Find(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		p, _, err := m3u8.DecodeFrom(bytes.NewReader(data), false)
		if err != nil {
			t.Fatal(err)
		}
		var known []string
		add := func(uri string) { known = append(known, uri) }
		switch p := p.(type) {
		case *m3u8.MasterPlaylist:
			for _, v := range p.Variants {
				add(v.URI)
				for _, a := range v.Alternatives {
					add(a.URI)
				}
			}
		case *m3u8.MediaPlaylist:
			for _, s := range p.Segments {
				if s != nil {
					add(s.URI)
					for _, k := range s.Keys {
						add(k.URI)
					}
					if s.Map != nil {
						add(s.Map.URI)
					}
				}
			}
			for _, s := range p.PartialSegments {
				add(s.URI)
			}
		}
		for _, uri := range known {
			if uri != "" && !slices.ContainsFunc(uris, func(u URI) bool { return u.Text == uri }) {
				t.Errorf("%s: %s was lost", file, uri)
			}
		}
		if len(uris) == 0 || len(known) == 0 {
			t.Errorf("%s: %d URIs, the parser knows %d", file, len(uris), len(known))
		}
	}
}

// FuzzFind: nothing crashes, and what a scope covers stays below the token.
func FuzzFind(f *testing.F) {
	for _, c := range layouts {
		f.Add([]byte(c.text), c.src)
	}
	f.Fuzz(func(t *testing.T, data []byte, src string) {
		uris, err := Find(data)
		if err != nil {
			return
		}
		results, err := Check(src, "", uris)
		if err != nil {
			return
		}
		for _, r := range results {
			if r.Covered && r.Path != "" && r.Path[0] != '/' || !r.Covered && r.Reason == "" {
				t.Errorf("%+v", r)
			}
		}
		if wide, _ := Scope(src, results); !strings.HasPrefix(src, wide) {
			t.Errorf("%s does not contain %s", wide, src)
		}
	})
}
