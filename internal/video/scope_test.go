package video_test

import (
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

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
	request := func(options string) string {
		return `{"token":{` + options + `},` + document(`{"src":"/a.mp4"}`)[1:]
	}
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
	set, err := cdn.New(cdn.RoundRobin,
		[]cdn.CDN{{Name: "a", URL: base, Weight: 1, ExactRequests: true, Keys: token.Keys{newKey(t, 7)}}})
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
