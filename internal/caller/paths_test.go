package caller_test

import (
	"errors"
	"strings"
	"testing"

	"videotoken/internal/caller"
	"videotoken/internal/uri"
)

func parse(tb testing.TB, paths ...string) (ps caller.Paths) {
	tb.Helper()
	ps = caller.Paths{}
	for _, text := range paths {
		p, err := caller.ParsePath(text)
		if err != nil {
			tb.Fatalf("%q: %v", text, err)
		}
		ps = append(ps, p)
	}
	return ps
}

func canonical(tb testing.TB, text string) uri.Path {
	tb.Helper()
	p, err := uri.Canonical(nil, []byte(text))
	if err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	return p
}

// TestAllows: what counts is what a token opens, which its depth says, and not where its path is.
func TestAllows(t *testing.T) {
	for _, c := range []struct {
		paths []string
		path  string
		depth int
		want  bool
	}{
		{[]string{"/films/"}, "/films/a.mp4", 0, true},
		{[]string{"/films/"}, "/films/a/b/c.mp4", 0, true},
		{[]string{"/films/"}, "/films/", 0, true},
		{[]string{"/films/"}, "/films", 0, false},
		{[]string{"/films/"}, "/films2/a.mp4", 0, false},
		{[]string{"/films/"}, "/Films/a.mp4", 0, false},
		{[]string{"/films/"}, "/a/films/a.mp4", 0, false},
		{[]string{"/films/"}, "/films;x/a.mp4", 0, false},
		{[]string{"/films/"}, "/", 0, false},

		{[]string{"/films"}, "/films", 0, true},
		{[]string{"/films"}, "/films/", 0, true},
		{[]string{"/films"}, "/films/a.mp4", 0, true},
		{[]string{"/films"}, "/films2", 0, false},
		{[]string{"/films"}, "/films.mp4", 0, false},
		{[]string{"/films"}, "/film", 0, false},
		{[]string{"/films/a.mp4"}, "/films/a.mp4", 0, true},
		{[]string{"/films/a.mp4"}, "/films/a.mp4x", 0, false},

		// A directory: the path lies within, and what the token opens does not.
		{[]string{"/films/a/"}, "/films/a/master.m3u8", 2, true},
		{[]string{"/films/a/"}, "/films/a/x/master.m3u8", 3, true},
		{[]string{"/films/a/"}, "/films/a/x/master.m3u8", 2, true},
		{[]string{"/films/a/"}, "/films/a/master.m3u8", 1, false},
		{[]string{"/films/a/"}, "/films/a/x/y/master.m3u8", 1, false},
		{[]string{"/films/a"}, "/films/a/master.m3u8", 2, true},
		{[]string{"/films/a"}, "/films/a/master.m3u8", 1, false},
		{[]string{"/films/a/master.m3u8"}, "/films/a/master.m3u8", 2, false},
		{[]string{"/films/a/master.m3u8"}, "/films/a/master.m3u8", 0, true},
		{[]string{"/films/a"}, "/films/ab/master.m3u8", 2, false},

		// A depth that no token for the path can have.
		{[]string{"/"}, "/films/a.mp4", 2, false},
		{[]string{"/films/"}, "/films/a.mp4", 15, false},

		{[]string{"/"}, "/films/a.mp4", 0, true},
		{[]string{"/"}, "/films/a.mp4", 1, true},
		{[]string{"/live/", "/films/"}, "/films/a.mp4", 0, true},
		{[]string{"/live/", "/films/"}, "/series/a.mp4", 0, false},
		{[]string{"/a%20b/"}, "/a%20b/x", 0, true},
		{[]string{"/a%20b/"}, "/%61 b/x", 0, true},
		{[]string{"/%66ilms/"}, "/films/x", 0, true},
		{[]string{}, "/films/a.mp4", 0, false},
	} {
		ps := parse(t, c.paths...)
		if got := ps.Allows(canonical(t, c.path), c.depth); got != c.want {
			t.Errorf("%q: %s at depth %d: %v", c.paths, c.path, c.depth, got)
		}
		if got := (&caller.Caller{Paths: ps}).Allows(canonical(t, c.path), c.depth); got != c.want {
			t.Errorf("caller of %q: %s at depth %d: %v", c.paths, c.path, c.depth, got)
		}
	}
	if !caller.Paths(nil).Allows(canonical(t, "/a/b"), 1) {
		t.Error("no list limits something")
	}
}

func TestParsePath(t *testing.T) {
	for _, text := range []string{"", "films/", "/films//", "/films/../", "/films/?a", "/films/#a",
		"/%2e/", "/a%2fb", "/a\\", "/a%", "/\xff", "/..;/"} {
		if p, err := caller.ParsePath(text); !errors.Is(err, caller.ErrPath) || p != nil {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
}

// allowsReference is a second implementation of Allows, by lists of segments: what is opened has
// all segments of the limit, and of a limit with a "/" at its end at least one more.
func allowsReference(limit, path string, depth int) bool {
	segments := strings.Split(path, "/")[1:]
	if depth >= len(segments) {
		return false
	}
	if depth > 0 {
		segments = append(segments[:depth:depth], "")
	}
	limits := strings.Split(limit, "/")[1:]
	if last := len(limits) - 1; limits[last] == "" {
		if limits = limits[:last]; len(segments) <= last {
			return false
		}
	}
	if len(segments) < len(limits) {
		return false
	}
	for i, s := range limits {
		if segments[i] != s {
			return false
		}
	}
	return true
}

func FuzzAllows(f *testing.F) {
	for _, seed := range [][2]string{{"/films/", "/films/a.mp4"}, {"/a", "/a/b/c"},
		{"/a/b", "/a/bc/d"}, {"/", "/a"}, {"/%61/", "/a/é"}} {
		for _, depth := range []uint8{0, 1, 2} {
			f.Add(seed[0], seed[1], depth)
		}
	}
	f.Fuzz(func(t *testing.T, limit, path string, depth uint8) {
		p, err := caller.ParsePath(limit)
		if err != nil {
			return
		}
		c, err := uri.Canonical(nil, []byte(path))
		if err != nil {
			return
		}
		d := int(depth % 16)
		if got, want := (caller.Paths{p}).Allows(c, d),
			allowsReference(string(p), string(c), d); got != want {
			t.Errorf("%q: %q at depth %d: %v", p, c, d, got)
		}
	})
}
