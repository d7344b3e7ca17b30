package systemtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckPlaylist: a file, and a server whose playlists lead to others.
func TestCheckPlaylist(t *testing.T) {
	const master = "#EXTM3U\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"../audio/a.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n"
	const media = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" +
		"#EXT-X-KEY:METHOD=AES-128,URI=\"../keys/k.bin\"\n#EXTINF:4,\ns1.ts\n"
	file := filepath.Join(t.TempDir(), "master.m3u8")
	if err := os.WriteFile(file, []byte(master), 0o600); err != nil {
		t.Fatal(err)
	}
	requests := map[string]int{}
	mux := http.NewServeMux()
	serve := func(path, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			requests[path]++
			fmt.Fprint(w, text)
		})
	}
	serve("/origin/video/master.m3u8", master)
	serve("/origin/video/v.m3u8", media)
	serve("/origin/audio/a.m3u8", strings.Replace(media, "../keys/k.bin", "../../../k.bin", 1))
	serve("/loop.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nloop.m3u8\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:1/x.m3u8\n")
	mux.HandleFunc("/away.m3u8", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/x", http.StatusFound)
	})
	mux.HandleFunc("/endless.m3u8", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "#EXTM3U")
		for r.Context().Err() == nil {
			if _, err := fmt.Fprintln(w, strings.Repeat("#", 1<<16)); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, c := range []struct {
		args   []string
		status int
		says   []string
	}{
		{[]string{file, "-src", "/cmaf/film/video/master.m3u8"}, 1,
			[]string{`line 2  no   "../audio/a.m3u8"  is outside the scope`, `line 4  yes  "v.m3u8"`,
				"covers 1 of 2 URIs", `"token": {"scope": "/cmaf/film/"}`}},
		{[]string{"-src", "/cmaf/film/video/master.m3u8", "-scope", "/cmaf/film/", file}, 0,
			[]string{"A token for /cmaf/film/ covers 2 of 2 URIs."}},
		{[]string{server.URL + "/origin/video/master.m3u8", "-src", "/cmaf/film/video/master.m3u8",
			"-scope", "/cmaf/"}, 1, []string{
			"/origin/audio/a.m3u8, as /cmaf/film/audio/a.m3u8", `"../keys/k.bin"`,
			`line 3  no   "../../../k.bin"  is outside the scope`, "covers 5 of 6 URIs"}},
		{[]string{server.URL + "/loop.m3u8", "-src", "/a/loop.m3u8"}, 1,
			[]string{"has a host of its own", "covers 1 of 2"}},
		{[]string{server.URL + "/away.m3u8", "-src", "/a/b.m3u8"}, 1, []string{"ask for that URL"}},
		{[]string{server.URL + "/endless.m3u8", "-src", "/a/b.m3u8"}, 1, []string{"has more than"}},
		{[]string{server.URL + "/nothing", "-src", "/a/b.m3u8"}, 1, []string{"404"}},
		{[]string{file}, 2, []string{"-src is missing"}},
		{[]string{file, "-src", "/a/b", "-scope", "/c/"}, 1, []string{"does not contain -src"}},
		{[]string{"-src", "/a/b"}, 2, []string{"0 arguments where 1 are expected"}},
		{[]string{"/nowhere", "-src", "/a/b"}, 1, []string{"no such file"}},
	} {
		out, errs, status := command(t, append([]string{"check-playlist"}, c.args...)...)
		if status != c.status {
			t.Errorf("%v: status %d, want %d: %s%s", c.args, status, c.status, out, errs)
		}
		for _, want := range c.says {
			if !strings.Contains(out+errs, want) {
				t.Errorf("%v: %s%s; want %s", c.args, out, errs, want)
			}
		}
	}
	for path, n := range requests {
		if n != 1 {
			t.Errorf("%s was read %d times", path, n)
		}
	}
}
