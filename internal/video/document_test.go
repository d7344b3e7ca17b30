package video_test

import (
	"encoding/json"
	"fmt"
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
		cdns = append(cdns,
			cdn.CDN{Name: name, URL: url, Weight: min(1, 3-i), Keys: token.Keys{newKey(tb, uint16(i))}})
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
	sign(t,
		s, `{"video":{"poster":"/p.jpg","sources":[{"src":"/f/a.m3u8"},{"src":"/f.mp4"}],"tracks":[{"src":"/t.vtt"}],"previewThumbnails":{"src":"/t/s/x.vtt"}}}`,
		&v)
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
	refuse(t, s, `{"video":{"poster":5,"sources":[{"src":"/a"}]}}`, "/video/poster",
		"must be a string, not a number")
	refuse(t, s, `{"video":{"sources":[{"src":"/a"}],"tracks":[{},{"src":"x"}]}}`,
		"/video/tracks/1/src", "absolute path")
	refuse(t, s, `{"video":{"sources":[{"src":"/a"}],"previewThumbnails":{"src":["/x/y","/y"]}}}`,
		"/video/previewThumbnails/src/1", "root")
}

// TestAbsoluteURLs: a URL of an old host moves to the picked CDN, with its query.
func TestAbsoluteURLs(t *testing.T) {
	s := newCatalogue(t, false)
	var v anyVideo
	sign(t,
		s, `{"token":{"cdn":"two"},"video":{"sources":[{"src":"https://old.example/films/a.mp4?v=1"},{"src":"//ONE.example:443/b.mp4"},{"src":"https://two.example/base/c/d.m3u8"},{"src":"/e.mp4"}]}}`,
		&v)
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
	body := document(
		`{"src":"https:\/\/foreign.example/\u0061"},{"src":"film.mp4"},{"src":""},{"src":"/a.mp4"}`)
	out, _, err := s.Append(nil, []byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"src":"https:\/\/foreign.example/\u0061"`, `"src":"film.mp4"`,
		`"src":""`} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("%s: want %s", out, kept)
		}
	}
	if strings.Count(string(out), "token=") != 1 {
		t.Errorf("%s", out)
	}
	refuse(t, s, document(`{"src":"/a/../b"}`), "/video/sources/0/src", "canonical")
	refuse(t, s, document(`{"src":"https://one.example/a/../b"}`), "/video/sources/0/src", "canonical")
	refuse(t, s, document(`{"src":"https://u@foreign.example/a"}`), "/video/sources/0/src",
		"user name")
}

// TestVideos: a batch is answered in its order, byte for byte but for its URLs, each video on a CDN
// of its own; one mistake refuses all.
func TestVideos(t *testing.T) {
	s := newCatalogue(t, false)
	one := func(n int) string {
		return fmt.Sprintf(` {"n": %d.0, "sources":[{"src":"/%d.mp4"}]}`, n, n)
	}
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
		{`{"videos":[` + one(0) + `,{"sources":[{"src":"/a"},{"src":"b"}]}]}`, "/videos/1/sources/1/src",
			"absolute path"},
		{`{"videos":[` + batch(docs.MaxVideos+1) + `]}`, "/videos", "64 videos at most"},
		{`{"videos":[` + long + `,` + long + `,` + one(0) + `]}`, "/videos/2/sources/0/src", "256"},
		{`{"videos":[` + one(0) + `],"video":` + one(1) + `}`, "/videos", "send one of them"},
	} {
		refuse(t, s, c.body, c.pointer, c.says)
	}
}
