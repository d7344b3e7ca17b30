package document

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCompileRefuses(t *testing.T) {
	var many []Pattern
	for i := range MaxPatterns + 1 {
		many = append(many, Pattern{Path: fmt.Sprint("a", i)})
	}
	if _, err := Compile(many[:MaxPatterns]); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		list []Pattern
		says string
	}{
		{nil, "1 to 32 patterns, not 0"},
		{many, "not 33"},
		{readPatterns("a.b.c.d.e.f.g.h.i"), "8 at most"},
		{readPatterns("a b a"), "twice"},
		{readPatterns("videoId"), "id, not a URL"},
		{readPatterns("a."), "names joined"},
		{readPatterns("[]"), "names joined"},
		{readPatterns("a[].[]"), "names joined"},
		{readPatterns("a[0]"), "names joined"},
		{readPatterns("a[]b"), "names joined"},
		{readPatterns("a["), "names joined"},
		{readPatterns("a]["), "names joined"},
		{readPatterns("a\xff"), "names joined"},
		{[]Pattern{{}}, "names joined"},
	} {
		if _, err := Compile(c.list); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want ...%s...", c.list, err, c.says)
		}
	}
}

// TestPresets reads a document of each player, whose URLs are in the order of their numbers.
func TestPresets(t *testing.T) {
	files, err := filepath.Glob("testdata/players/*.json")
	if err != nil || len(files) != len(presets) {
		t.Fatalf("%d documents for %d players, %v", len(files), len(presets), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list, ok := Preset(strings.TrimSuffix(filepath.Base(file), ".json"))
		patterns, err := Compile(list)
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", file, ok, err)
		}
		var d Document
		if err := d.Read(body, patterns, 100); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for i, u := range d.URLs() {
			if !strings.HasPrefix(string(d.Text(u.Value)), fmt.Sprintf("/films/%02d", i+1)) {
				t.Errorf("%s: URL %d is %s", file, i+1, d.Text(u.Value))
			}
		}
		if want := strings.Count(string(body), "/films/"); len(d.URLs()) != want {
			t.Errorf("%s: %d URLs, want %d", file, len(d.URLs()), want)
		}
	}
}

// TestNoURL: a list without the sources wants a URL in each video.
func TestNoURL(t *testing.T) {
	patterns, err := Compile(readPatterns("poster tracks[].src"))
	if err != nil {
		t.Fatal(err)
	}
	var d Document
	err = d.Read([]byte(`{"videos":[{"poster":"/a"},{"poster":null,"tracks":[]}]}`), patterns, 10)
	want := Error{"/videos/1", "has no URL: it needs a string at one of poster, tracks[].src"}
	if e, ok := err.(*Error); !ok || *e != want {
		t.Errorf("%v, want %v", err, want)
	}
}

// TestManyPatterns: 32 patterns of 8 names allocate nothing, and find what they name.
func TestManyPatterns(t *testing.T) {
	var list []Pattern
	var b strings.Builder
	for i := range MaxPatterns {
		list = append(list, Pattern{Path: fmt.Sprintf("a%d.b.c[].d.e.f.g.h", i)})
		fmt.Fprintf(&b, `,"a%d":{"b":{"c":[{"d":{"e":{"f":{"g":{"h":"/%d"}}}}},null]}}`, i, i)
	}
	patterns, err := Compile(list)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"video":{` + b.String()[1:] + `}}`)
	var d Document
	read := func() {
		d.Reset()
		if err := d.Read(body, patterns, MaxPatterns); err != nil {
			t.Fatal(err)
		}
	}
	read()
	var got []string
	for _, u := range d.URLs() {
		got = append(got, string(d.Text(u.Value)))
	}
	if len(got) != MaxPatterns || !slices.Contains(got, "/31") {
		t.Errorf("%q", got)
	}
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
