package video_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	docs "videotoken/internal/document"

	"videotoken/internal/caller"
	"videotoken/internal/video"
)

func paths(tb testing.TB, list ...string) (ps caller.Paths) {
	tb.Helper()
	for _, text := range list {
		p, err := caller.ParsePath(text)
		if err != nil {
			tb.Fatal(err)
		}
		ps = append(ps, p)
	}
	return ps
}

// TestAllow: what counts is what the token opens, whichever way the URL was written. Each case is
// refused for a caller of /films/, and for anybody where the service signs /films/ alone.
func TestAllow(t *testing.T) {
	s := newCatalogue(t, false, append(plyr, docs.Pattern{Path: "extra.file", Directory: true})...)
	by := &caller.Caller{Name: "a", Paths: paths(t, "/films/"), MaxTTL: caller.Unlimited}
	source := func(src string) string { return document(`{"src":"` + src + `"}`) }
	for _, c := range []struct{ body, pointer string }{
		{source("/live/a.mp4"), "/video/sources/0/src"},
		{source("/films2/a.mp4"), "/video/sources/0/src"},
		{source("/film"), "/video/sources/0/src"},
		{source("/live/a.m3u8"), "/video/sources/0/src"},
		{source("https://two.example/base/live/a.mp4"), "/video/sources/0/src"},
		{source("https://old.example/films/live/a.mp4"), "/video/sources/0/src"},
		{source("/%66ilm/a.mp4"), "/video/sources/0/src"},
		{`{"token":{"scope":"/a/"},` + source("/a/films/b.m3u8")[1:], "/video/sources/0/src"},
		{`{"video":{"sources":[{"src":"/films/a.mp4"}],"poster":"/p.jpg"}}`, "/video/poster"},
		{`{"video":{"sources":[{"src":"/films/a.mp4"}],"extra":{"file":"/live/sprites/x.vtt"}}}`,
			"/video/extra/file"},
		{`{"videos":[{"sources":[{"src":"/films/a.mp4"}]},{"sources":[{"src":"/films/b.mp4"},{"src":"/c.mp4"}]}]}`,
			"/videos/1/sources/1/src"},
	} {
		for name, ask := range map[string]func() error{
			"caller": func() error { _, _, err := s.AppendFor(by, nil, []byte(c.body), now); return err },
			"anybody": func() error {
				limited := *s
				limited.Allow = paths(t, "/films/")
				_, _, err := limited.Append(nil, []byte(c.body), now)
				return err
			},
		} {
			var f video.Forbidden
			if err := ask(); !errors.As(err, &f) || f.Reason.Pointer != c.pointer ||
				!strings.Contains(f.Reason.Detail, "is outside the paths") {
				t.Errorf("%s, %s: %v, want %s", name, c.body, err, c.pointer)
			}
		}
		if _, _, err := s.Append(nil, []byte(c.body), now); err != nil {
			t.Errorf("without a limit: %s: %v", c.body, err)
		}
	}
	// A directory's token opens all of it: the URL is the caller's, and its directory is not.
	for _, c := range []struct{ path, body, pointer string }{
		{"/films/a/b/", `{"token":{"scope":"/films/a/"},` + source("/films/a/b/m.m3u8")[1:],
			"/video/sources/0/src"},
		{"/films/a/m.m3u8", source("/films/a/m.m3u8"), "/video/sources/0/src"},
		{"/films/a", `{"video":{"sources":[{"src":"/films/a"}],"extra":{"file":"/films/a"}}}`,
			"/video/extra/file"},
	} {
		by := &caller.Caller{Name: "b", Paths: paths(t, c.path), MaxTTL: caller.Unlimited}
		var f video.Forbidden
		if _, _, err := s.AppendFor(by, nil, []byte(c.body), now); !errors.As(err, &f) ||
			f.Reason.Pointer != c.pointer {
			t.Errorf("%s, %s: %v, want %s", c.path, c.body, err, c.pointer)
		}
	}
	for _, src := range []string{"/films/a.mp4", "/films/a/m.m3u8", "/f%69lms/a.mp4",
		"https://two.example/base/films/a.mp4"} {
		if _, _, err := s.AppendFor(by, nil, []byte(source(src)), now); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// TestCallersTTL: a caller's max_ttl is the one meant throughout.
func TestCallersTTL(t *testing.T) {
	s := newSigner(t)
	by := &caller.Caller{Name: "a", MaxTTL: 600}
	_, maxAge, err := s.AppendFor(by, nil, []byte(seed), now)
	if err != nil || maxAge > 600 || maxAge < 450 {
		t.Errorf("max-age %d, %v", maxAge, err)
	}
	_, _, err = s.AppendFor(by, nil, []byte(`{"token":{"ttl":601},`+seed[1:]), now)
	var e *video.Error
	if !errors.As(err, &e) || e.Pointer != "/token/ttl" ||
		!strings.Contains(e.Detail, "from 1 to 600") {
		t.Error(err)
	}
	var v any
	if out, _, err := s.AppendFor(by, nil, []byte(`{"token":{"ttl":600},`+seed[1:]),
		now); err != nil || json.Unmarshal(out, &v) != nil {
		t.Error(err)
	}
}
