package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBars: a bar for each server, as wide as its share of the most, and the reason where there is
// none. Nothing is fetched.
func TestBars(t *testing.T) {
	name := filepath.Join(t.TempDir(), "peers.html")
	s := Standings{Time: time.Unix(0, 0), Commit: "abc", About: "one round", Text: "| a | b |",
		Charts: []Bars{
			{Title: "CPU/request", Rows: []Bar{{"**own**", "2 µs", 2, true},
				{"the `floor`", "8 µs", 8, false}, {"<bun>", "not measured: x", 0, false}}},
			{Title: "none", Rows: []Bar{{"a", "not measured", 0, false}}},
		}}
	if err := s.Write(name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, want := range []string{
		`<div class="row own"><span style="white-space:normal">own</span><div><i style="width:calc(25% * .8)"></i><span>2 µs</span>`,
		`the floor</span><div><i style="width:calc(100% * .8)"></i><span>8 µs</span>`,
		`&lt;bun&gt;</span><div><span class="none">not measured: x</span>`, "1 January 1970", "| a | b |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	for _, foreign := range []string{"://", "src=", "@import", "ZgotmplZ"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}
