package playlist

import (
	"runtime"
	"strings"
	"testing"

	"videotoken/token"
)

func TestFindRefuses(t *testing.T) {
	for _, text := range []string{"", "x", "{}", ">", "<html/>", "<MPD>", "<MPD><!ENTITY a 'b'></MPD>",
		"<!DOCTYPE MPD [<!ENTITY a 'b'>]><MPD>&a;</MPD>",
		"<MPD>&a;</MPD>", "<MPD>" + strings.Repeat("<a>", 100), strings.Repeat("<", 100),
		strings.Repeat("x", MaxSize+1), "<MPD/><MPD></a>"} {
		if uris, err := Find([]byte(text)); err == nil {
			t.Errorf("%.40q: %v", text, uris)
		}
	}
}

// TestFindHostile: what would cost more than a playlist of its length is refused, or costs no more.
func TestFindHostile(t *testing.T) {
	for name, text := range map[string]string{
		"attributes without end":  "#EXTM3U\n#EXT-X-MEDIA:URI=\"" + strings.Repeat("a", 1<<20),
		"a value and no comma":    "#EXTM3U\n#EXT-X-MEDIA:URI=\"a\"b",
		"URIs":                    "#EXTM3U\n" + strings.Repeat("a\n", maxURIs+1),
		"URIs, the last in a tag": "#EXTM3U\n" + strings.Repeat("a\n", maxURIs) + "#EXT-X-KEY:URI=\"k\"",
		"a variable many times": "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" +
			strings.Repeat("b", 1<<16) + "\"\n" + strings.Repeat("{$a}\n", 1<<16),
		"a long BaseURL": "<MPD><BaseURL>" + strings.Repeat("a", maxURI+1) + "</BaseURL></MPD>",
		"a long template": "<MPD><SegmentTemplate media='" + strings.Repeat("a", maxURI+1) +
			"'/></MPD>",
		"many lists for many": "<MPD><Period><SegmentList>" +
			strings.Repeat("<SegmentURL media='a'/>", 4000) + "</SegmentList><AdaptationSet>" +
			strings.Repeat("<Representation/>", 4000) + "</AdaptationSet></Period></MPD>",
		"two elements": "<MPD/><MPD/>",
	} {
		if uris, err := Find([]byte(text)); err == nil {
			t.Errorf("%s: %d URIs", name, len(uris))
		}
	}
	for name, text := range map[string]string{
		"variables without end": "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n" +
			strings.Repeat("{$", 1<<20),
		"text and comments": "<MPD>" + strings.Repeat("a<!---->", 1<<17) + "</MPD>",
		"two lines":         "#EXTM3U\n#EXT-X-STREAM-INF",
		"three lines":       "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-1\n#EXT-X-BYTERANGE:",
	} {
		if _, err := Find([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFindIsLinear: twice as long a playlist takes no more than about twice the memory, which is
// what the work is done on.
func TestFindIsLinear(t *testing.T) {
	for name, line := range map[string]string{"segments": "#EXTINF:4,\nsegment.ts\n",
		"keys": "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", "tags": "#EXT-X-X:A=B,C=\"D\"\n"} {
		bytes := func(n int) uint64 {
			data := []byte("#EXTM3U\n" + strings.Repeat(line, n))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := Find(data); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if one, two := bytes(30_000), bytes(60_000); two > 3*one {
			t.Errorf("%s: %d and %d bytes", name, one, two)
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
			// A player must get what is said to be covered.
			if r.Covered && r.Path != "" && strings.Count(src, "/") > 1 &&
				strings.Count(src, "/") <= token.MaxDepth && !mayPlay(t, src, "", r.URI) {
				t.Errorf("%s: %+v: a player is refused", src, r)
			}
		}
		if wide, _ := Scope(src, results); !strings.HasPrefix(src, wide) {
			t.Errorf("%s does not contain %s", wide, src)
		}
	})
}
