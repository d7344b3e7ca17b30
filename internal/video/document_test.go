package video_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	docs "videotoken/internal/document"

	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/internal/video"
	"videotoken/token"
)

// newCatalogue is a signer for three CDNs, with patterns and origins.
func newCatalogue(tb testing.TB, foreign bool, patterns ...docs.Pattern) *video.Signer {
	tb.Helper()
	s := newSigner(tb)
	var cdns []cdn.CDN
	var urls []string
	for i, name := range []string{"one", "two", "three", "drained"} {
		url := "https://" + name + ".example"
		if name == "two" {
			url += "/base"
		}
		urls = append(urls, url)
		cdns = append(cdns, cdn.CDN{Name: name, URL: url, Weight: min(1, 3-i), Keys: token.Keys{newKey(tb, uint16(i))}})
	}
	var err error
	if s.CDNs, err = cdn.New(cdn.RoundRobin, cdns); err != nil {
		tb.Fatal(err)
	}
	if s.Origins, err = uri.NewOrigins(append(urls, "https://old.example/films")); err != nil {
		tb.Fatal(err)
	}
	s.KeepForeign, s.Reserved = foreign, []string{"token", "hdnea"}
	if len(patterns) > 0 {
		if s.Patterns, err = docs.Compile(patterns); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

var plyr = func() []docs.Pattern {
	list, ok := docs.Preset("plyr")
	if !ok {
		panic("no preset")
	}
	return list
}()

// sign signs a body and decodes the answer.
func sign(t *testing.T, s *video.Signer, body string, answer any) {
	t.Helper()
	out, _, err := s.Append(nil, []byte(body), now)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
}

// origin verifies a URL of one of the signer's CDNs, and returns the CDN and what is served.
func origin(t *testing.T, s *video.Signer, url string) (cdnName, served string, depth int) {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), ".")
	v, err := s.CDNs.Verify(host, token.Request{URI: []byte(url), Now: now})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return host, string(v.AppendURI(nil)), v.Claims.Depth
}

type anyVideo struct {
	Poster            string
	Sources, Tracks   []struct{ Src string }
	PreviewThumbnails struct{ Src string }
}

// TestPatterns: every URL of a player's document is signed, in its own way, on one CDN.
func TestPatterns(t *testing.T) {
	s := newCatalogue(t, false, plyr...)
	var v anyVideo
	sign(t, s, `{"video":{"poster":"/p.jpg","sources":[{"src":"/f/a.m3u8"},{"src":"/f.mp4"}],"tracks":[{"src":"/t.vtt"}],"previewThumbnails":{"src":"/t/s/x.vtt"}}}`, &v)
	host, _, _ := origin(t, s, v.Poster)
	for _, c := range []struct {
		url, path string
		depth     int
	}{
		{v.Poster, "/p.jpg", 0}, {v.Sources[0].Src, "/f/a.m3u8", 1}, {v.Sources[1].Src, "/f.mp4", 0},
		{v.Tracks[0].Src, "/t.vtt", 0}, {v.PreviewThumbnails.Src, "/t/s/x.vtt", 2},
	} {
		cdn, path, depth := origin(t, s, c.url)
		if cdn != host || strings.TrimPrefix(path, "/base") != c.path || depth != c.depth {
			t.Errorf("%s: %s on %s, depth %d", c.url, path, cdn, depth)
		}
	}
	refuse(t, s, `{"video":{"poster":5,"sources":[{"src":"/a"}]}}`, "/video/poster", "must be a string, not a number")
	refuse(t, s, `{"video":{"sources":[{"src":"/a"}],"tracks":[{},{"src":"x"}]}}`, "/video/tracks/1/src", "absolute path")
	refuse(t, s, `{"video":{"sources":[{"src":"/a"}],"previewThumbnails":{"src":["/x/y","/y"]}}}`, "/video/previewThumbnails/src/1", "root")
}

// TestAbsoluteURLs: a URL of an old host moves to the picked CDN, with its query.
func TestAbsoluteURLs(t *testing.T) {
	s := newCatalogue(t, false)
	var v anyVideo
	sign(t, s, `{"token":{"cdn":"two"},"video":{"sources":[{"src":"https://old.example/films/a.mp4?v=1"},{"src":"//ONE.example:443/b.mp4"},{"src":"https://two.example/base/c/d.m3u8"},{"src":"/e.mp4"}]}}`, &v)
	for i, want := range []string{"/base/a.mp4?v=1", "/base/b.mp4", "/base/c/d.m3u8", "/base/e.mp4"} {
		if host, got, _ := origin(t, s, v.Sources[i].Src); host != "two" || got != want {
			t.Errorf("%s: %s, want %s", v.Sources[i].Src, got, want)
		}
	}
	for _, c := range []struct{ src, says string }{
		{"https://foreign.example/a", "a URL of a configured CDN"},
		{"https://old.example/a", "a URL of a configured CDN"},
		{"https://old.example/films/../a", "canonical form"},
		{"https://old.example/films//a", "absolute path"},
		{"https://old.example/films/~T/a", "token"},
		{"https://u@old.example/films/a", "user name"},
		{"https://old.example/films/a?%54oken=1", "token"},
		{"/a?x=1&HDNEA=exp", "hdnea"},
		{"/a?%68dnea", "hdnea"},
	} {
		refuse(t, s, document(`{"src":"`+c.src+`"}`), "/video/sources/0/src", c.says)
	}
}

// TestForeignIsKept: what is not ours stays byte for byte, escapes and all; what is ours and wrong
// is refused.
func TestForeignIsKept(t *testing.T) {
	s := newCatalogue(t, true)
	body := document(`{"src":"https:\/\/foreign.example/\u0061"},{"src":"film.mp4"},{"src":""},{"src":"/a.mp4"}`)
	out, _, err := s.Append(nil, []byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"src":"https:\/\/foreign.example/\u0061"`, `"src":"film.mp4"`, `"src":""`} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("%s: want %s", out, kept)
		}
	}
	if strings.Count(string(out), "token=") != 1 {
		t.Errorf("%s", out)
	}
	refuse(t, s, document(`{"src":"/a/../b"}`), "/video/sources/0/src", "canonical")
	refuse(t, s, document(`{"src":"https://one.example/a/../b"}`), "/video/sources/0/src", "canonical")
	refuse(t, s, document(`{"src":"https://u@foreign.example/a"}`), "/video/sources/0/src", "user name")
}

// TestVideos: a batch is answered in its order, byte for byte but for its URLs, each video on a CDN
// of its own; one mistake refuses all.
func TestVideos(t *testing.T) {
	s := newCatalogue(t, false)
	one := func(n int) string { return fmt.Sprintf(` {"n": %d.0, "sources":[{"src":"/%d.mp4"}]}`, n, n) }
	batch := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, one(i))
		}
		return strings.Join(list, " ,")
	}
	out, maxAge, err := s.Append(nil, []byte(`{"videos": [`+batch(docs.MaxVideos)+" ] }"), now)
	if err != nil || maxAge < 6*3600 {
		t.Fatal(maxAge, err)
	}
	var videos []anyVideo
	if err := json.Unmarshal(out, &videos); err != nil || len(videos) != docs.MaxVideos {
		t.Fatalf("%d videos, %v", len(videos), err)
	}
	restored := string(out)
	hosts := map[string]int{}
	for i, v := range videos {
		host, path, _ := origin(t, s, v.Sources[0].Src)
		hosts[host]++
		if want := fmt.Sprintf("/%d.mp4", i); strings.TrimPrefix(path, "/base") != want {
			t.Errorf("video %d: %s", i, path)
		} else {
			restored = strings.Replace(restored, v.Sources[0].Src, want, 1)
		}
	}
	if want := "[" + batch(docs.MaxVideos) + " ]"; restored != want {
		t.Errorf("other bytes changed:\n%s\n%s", restored, want)
	}
	if len(hosts) != 3 || hosts["one"] < 21 || hosts["two"] < 21 || hosts["three"] < 21 {
		t.Errorf("the CDNs' shares are %v", hosts)
	}
	long := `{"sources":[{"src":"/a"}` + strings.Repeat(`,{"src":"/a"}`, 127) + `]}`
	for _, c := range []struct{ body, pointer, says string }{
		{`{"videos":[]}`, "/videos", "at least one video"},
		{`{"videos":{}}`, "/videos", "an array of videos, not an object"},
		{`{"videos":[` + one(0) + `,5]}`, "/videos/1", "not a number"},
		{`{"videos":[` + one(0) + `,{}]}`, "/videos/1/sources", `no member "sources"`},
		{`{"videos":[` + one(0) + `,{"sources":[{"src":"/a"},{"src":"b"}]}]}`, "/videos/1/sources/1/src", "absolute path"},
		{`{"videos":[` + batch(docs.MaxVideos+1) + `]}`, "/videos", "64 videos at most"},
		{`{"videos":[` + long + `,` + long + `,` + one(0) + `]}`, "/videos/2/sources/0/src", "256"},
		{`{"videos":[` + one(0) + `],"video":` + one(1) + `}`, "/videos", "send one of them"},
	} {
		refuse(t, s, c.body, c.pointer, c.says)
	}
}

// TestScope: real layouts, whose playlists name files beside their directory.
func TestScope(t *testing.T) {
	s := newCatalogue(t, false)
	request := func(scope, sources string) string {
		return `{"token":{"cdn":"one","scope":` + scope + `},` + document(sources)[1:]
	}
	for _, c := range []struct {
		scope, src, other string
		depth             int
	}{
		{`"/cmaf/film/"`, "/cmaf/film/video/master.m3u8", "/cmaf/film/audio/en/a.m3u8", 2},
		{`"/cmaf/film/"`, "/cmaf/film/master.m3u8", "/cmaf/film/keys/k.bin", 2},
		{`"/ll/"`, "/ll/2M/media.m3u8", "/ll/1M/part1.m4s", 1},
		{`"/dash/"`, "/dash/film/manifest.mpd", "/dash/segments/1.m4s", 1},
		{`"/caf\u00e9/x/"`, "/caf%C3%A9/x/y/a.m3u8", "/caf%C3%A9/x/z", 2},
	} {
		var v anyVideo
		sign(t, s, request(c.scope, `{"src":"`+c.src+`"},{"src":"/elsewhere.mp4"}`), &v)
		if _, _, depth := origin(t, s, v.Sources[0].Src); depth != c.depth {
			t.Errorf("%s: depth %d, want %d", c.src, depth, c.depth)
		}
		tokenPart, _, _ := strings.Cut(strings.TrimPrefix(v.Sources[0].Src, "https://one.example/"), "/")
		if _, path, _ := origin(t, s, "https://one.example/"+tokenPart+c.other); path != c.other {
			t.Errorf("%s: %s is served for %s", c.src, path, c.other)
		}
		if _, _, depth := origin(t, s, v.Sources[1].Src); depth != 0 {
			t.Errorf("a file has a token of depth %d", depth)
		}
	}
	for _, c := range []struct{ scope, says string }{
		{`"/other/"`, "does not contain the playlist at /video/sources/0/src"},
		{`"/a/b/c/"`, "does not contain"},
		{`"/a/bx/"`, "does not contain"},
		{`"/a"`, "must be a string: the path of a directory"},
		{`""`, "must be a string"},
		{`1`, "must be a string"},
		{`["/a/"]`, "must be a string"},
		{`null`, "must be a string"},
		{`"/"`, "1 to 15 directories"},
		{`"/~a/"`, `not start with a "~"`},
		{`"a/"`, "canonical form"},
		{`"/a/../"`, "canonical form"},
		{`"//a/"`, "canonical form"},
		{`"https://one.example/a/"`, "canonical form"},
		{`"` + strings.Repeat("/a", 16) + `/"`, "1 to 15 directories"},
	} {
		refuse(t, s, request(c.scope, `{"src":"/a/b/m.m3u8"}`), "/token/scope", c.says)
	}
}

// TestChoice: the CDN that is asked for, or not those.
func TestChoice(t *testing.T) {
	s := newCatalogue(t, false)
	request := func(options string) string { return `{"token":{` + options + `},` + document(`{"src":"/a.mp4"}`)[1:] }
	for _, c := range []struct{ options, want string }{
		{`"cdn":"two"`, "two"},
		{`"cdn":"t\u0077o"`, "two"},
		{`"cdn":"two","exclude":["one"]`, "two"},
		{`"exclude":["one","two"]`, "three"},
		{`"exclude":["one","one"]`, "two three"},
		{`"exclude":["drained"]`, "one two three"},
		{`"exclude":[]`, "one two three"},
	} {
		seen := map[string]bool{}
		for range 30 {
			var v anyVideo
			sign(t, s, request(c.options), &v)
			host, _, _ := origin(t, s, v.Sources[0].Src)
			seen[host] = true
			if !strings.Contains(c.want, host) {
				t.Errorf("%s: %s", c.options, host)
			}
		}
		if len(seen) != len(strings.Fields(c.want)) {
			t.Errorf("%s: only %v, want %s", c.options, seen, c.want)
		}
	}
	for _, c := range []struct{ options, pointer, says string }{
		{`"cdn":"four"`, "/token/cdn", "not the name"},
		{`"cdn":""`, "/token/cdn", "not the name"},
		{`"cdn":2`, "/token/cdn", "must be a string"},
		{`"cdn":"drained"`, "/token/cdn", "weight 0"},
		{`"exclude":"one"`, "/token/exclude", "an array of CDNs' names, not a string"},
		{`"exclude":["one",2]`, "/token/exclude/1", "not a number"},
		{`"exclude":["one","four"]`, "/token/exclude/1", "not the name"},
		{`"exclude":["one","two","three"]`, "/token/exclude", "leaves no CDN"},
		{`"cdn":"two","exclude":["two"]`, "/token/exclude", "leaves no CDN"},
		{`"exclude":["one"` + strings.Repeat(`,"one"`, 256) + `]`, "/token/exclude/256", "256 at most"},
	} {
		refuse(t, s, request(c.options), c.pointer, c.says)
	}
}

// TestExactRequests: a CDN that serves requests as they come gets URLs in the one spelling.
func TestExactRequests(t *testing.T) {
	set, err := cdn.New(cdn.RoundRobin, []cdn.CDN{{Name: "a", URL: base, Weight: 1, ExactRequests: true, Keys: token.Keys{newKey(t, 7)}}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSigner(t)
	s.CDNs = set
	for _, src := range []string{"/a+b;c.mp4", "/%c3%a9/%41.mp4", "/a b.mp4?x='", "/hls+/a.m3u8"} {
		var v anyVideo
		sign(t, s, document(`{"src":"`+src+`"}`), &v)
		served, _, err := verifyURL(v.Sources[0].Src, netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		url := strings.TrimPrefix(v.Sources[0].Src, base)
		url, _, _ = strings.Cut(url, "?token=")
		url, _, _ = strings.Cut(url, "&token=")
		if strings.HasPrefix(url, "/~") {
			url = url[strings.IndexByte(url[1:], '/')+1:]
		}
		if url != served {
			t.Errorf("%s: the URL has %s, %s is served", src, url, served)
		}
	}
}
