package playlist

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videotoken/token"
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
`, `3 no ../keys/k.bin|4 yes init.mp4|6 yes seg 1.m4s|7 yes skd://key|9 no /films/a/seg2.m4s|11 no https://other.example/seg3.m4s|13 no //other.example/seg4.m4s`,
		"/films/"},
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
	{"CRLF and a byte order mark", "/a/v.m3u8", "", "\ufeff#EXTM3U\r\n#EXTINF:4,\r\nx.ts\r\n",
		"3 yes x.ts", "/a/"},
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
</MPD>`, "4 yes m.mpd|8 no 1/i.mp4|8 no 1/00001.m4s|10 no i2.mp4|10 no s1.mp4", "/dash/"},
	{"DASH with its scope", "/dash/film/m.mpd", "/dash/",
		`<MPD><BaseURL>../</BaseURL><Period><SegmentTemplate media="$$$Time$.m4s"/>
<AdaptationSet><Representation id="a"/></AdaptationSet></Period></MPD>`,
		"1 yes $0.m4s", "/dash/"},
	{"templates are relative to the Representation", "/dash/film/m.mpd", "",
		`<MPD><Period><AdaptationSet>
<SegmentTemplate media="$RepresentationID$-$Number%03d$.m4s" startNumber="7"/>
<Representation id="v1"><BaseURL>video/</BaseURL></Representation>
<Representation id="a1"><BaseURL>../audio/</BaseURL><SegmentTemplate initialization="i.mp4"/></Representation>
</AdaptationSet></Period></MPD>`, "2 yes v1-007.m4s|4 no i.mp4|2 no a1-007.m4s", "/dash/"},
	{"up and down again", "/dash/film/m.mpd", "", `<MPD><BaseURL>../</BaseURL><Period><AdaptationSet>
<Representation id="v1"><BaseURL>film/v.mp4</BaseURL><SegmentBase><Initialization range="0-9"/></SegmentBase></Representation>
<Representation id="v2"><BaseURL>other.mp4</BaseURL></Representation>
</AdaptationSet></Period></MPD>`, "2 yes v.mp4|3 no other.mp4", "/dash/"},
	{"alternatives", "/dash/film/m.mpd",
		"", `<MPD><BaseURL>https://other.example/</BaseURL><BaseURL>here/</BaseURL><Period xmlns:x="http://www.w3.org/1999/xlink" x:href="p.xml">
<AdaptationSet x:href="urn:mpeg:dash:resolve-to-zero:2013"><Representation><SegmentList><SegmentURL media="s1"/></SegmentList></Representation></AdaptationSet></Period></MPD>`,
		"1 no p.xml|1 yes p.xml|2 no s1|2 yes s1", "/dash/film/"},
	{"schemes", "/a/v.m3u8", "", `#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="data:text/plain;base64,AAAA"
#EXTINF:4,
seg:1.ts
#EXTINF:4,
./seg:1.ts
#EXTINF:4,
HTTP://other.example/x.ts
`, "2 yes data:text/plain;base64,AAAA|4 no seg:1.ts|6 yes ./seg:1.ts|8 no " +
		"HTTP://other.example/x.ts", "/a/"},
	{"variables", "/a/v.m3u8", "", `#EXTM3U
#EXT-X-DEFINE:NAME="dir",VALUE="../b"
#EXT-X-DEFINE:QUERYPARAM="auth"
#EXT-X-MAP:URI="{$dir}/i.mp4"
#EXTINF:4,
{$auth}/x.ts
`, "4 no ../b/i.mp4|6 no {$auth}/x.ts", "/"},
	{"commas and tags in values", "/a/v.m3u8", "", `#EXTM3U
# a comment with URI="no"
#EXT-X-MEDIA:NAME="a,URI=b",TYPE=AUDIO,URI="c,d.m3u8"
#EXT-X-DATERANGE:ID="x",X-ASSET-LIST="list.json",X-URI="not this"
#EXTINF:4,URI="not this"
x.ts
`, "3 yes c,d.m3u8|4 yes list.json|6 yes x.ts", "/a/"},
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

// TestPlayer has token.Verify decide whether a player that follows RFC 3986 may have each URI.
func TestPlayer(t *testing.T) {
	for _, c := range layouts {
		uris, err := Find([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		for _, scope := range []string{c.scope, c.wide} {
			if scope == "/" {
				continue // nothing is signed for the root
			}
			results, err := Check(c.src, scope, uris)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if strings.Contains(r.Text, "{$") || r.Covered && r.Path == "" {
					continue // the player has a value for it; or it is not asked for
				}
				if may := mayPlay(t, c.src, scope, r.URI); may != r.Covered {
					t.Errorf("%s: %+v, but a player with a token for %q may have it: %t", c.name, r, scope, may)
				}
			}
		}
	}
}

// mayPlay asks for a URI of the playlist at src as a player does.
func mayPlay(t *testing.T, src, scope string, u URI) bool {
	t.Helper()
	if scope == "" {
		scope = src[:strings.LastIndexByte(src, '/')+1]
	}
	key, err := token.NewKey(1, make([]byte, token.SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	claims := token.Claims{Depth: strings.Count(scope, "/") - 1, Expiry: 100}
	text, err := key.Append(nil, &claims, []byte(src), nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse("https://cdn.example/~" + string(text) + src)
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{u.Base, u.Text} {
		next, err := url.Parse(reference)
		if err != nil {
			return false
		}
		if reference != "" {
			at = at.ResolveReference(next)
		}
	}
	if at.Scheme != "https" || at.Host != "cdn.example" {
		return false
	}
	_, err = token.Keys{key}.Verify(token.Request{URI: []byte(at.RequestURI()), Now: 1})
	return err == nil
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range [][2]string{{"a", ""}, {"/a/../b", ""}, {"/a/b", "/a"}, {"/a/b", "/a/../"}} {
		if _, err := Check(c[0], c[1], nil); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
}

// TestPublic reads playlists of public test suites (testdata/README.md names them). No URI that a
// simple search finds may be lost, and none that is not there may be found.
func TestPublic(t *testing.T) {
	files, err := filepath.Glob("testdata/*.m3u8")
	if err != nil || len(files) < 12 {
		t.Fatal(len(files), err)
	}
	attribute := regexp.MustCompile(`[:,](?:URI|SERVER-URI|X-ASSET-URI|X-ASSET-LIST)="([^"]*)"`)
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
		var got, want []string
		for _, u := range uris {
			got = append(got, fmt.Sprint(u.Line, " ", u.Text))
		}
		for i, line := range strings.Split(strings.ReplaceAll(string(data), "\r", ""), "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				want = append(want, fmt.Sprint(i+1, " ", line))
			}
			if strings.HasPrefix(line, "#EXT") {
				for _, m := range attribute.FindAllStringSubmatch(line, -1) {
					want = append(want, fmt.Sprint(i+1, " ", m[1]))
				}
			}
		}
		if strings.Contains(file, "defines") { // whose variables are filled in
			for i := range want {
				want[i] = strings.NewReplacer("{$auth}", "/some/token", "{$x}", "").Replace(want[i])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
