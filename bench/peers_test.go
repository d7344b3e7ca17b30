package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/bench/internal/record"
)

var update = flag.Bool("update", false, "write the golden files")

// made makes a peer's runs under three loads, in rounds on a machine that gets slower and faster
// again: what is paired has one ratio all the same.
func made(p *peer, cpu float64) *peer {
	for load := range 3 {
		var runs []*record.Result
		for round, drift := range []float64{1, 1.5, 1.2, 2, 1, 1.7} {
			x := cpu * drift * float64(2+load) / 2 * (1 + 0.01*float64(round%3))
			runs = append(runs, &record.Result{Server: &record.Server{CPUMicros: x},
				RequestsPerSecond: record.Rates{Avg: 1e6 / x},
				Latency: record.Distribution{P50: time.Duration(x * 1e4),
					P99: time.Duration(x * 1e5)}})
		}
		p.runs = append(p.runs, runs)
	}
	return p
}

func TestStandings(t *testing.T) {
	var line []*peer
	for i, p := range lineup() {
		if i == 0 {
			p.missing = "node is not installed"
		} else {
			made(p, float64(20-i))
		}
		line = append(line, p)
	}
	line[1].runs[2][4].Invalid = []string{"the generator was late"} // says nothing in ratios
	line[4].runs[0][2].Server.CPUMicros = -1                        // could not be read
	var b bytes.Buffer
	standings(&b, line, []int{100, 1000})
	if bars := charts(line, []int{100, 1000}); len(bars) != 5 || len(bars[0].Rows) != len(line) ||
		bars[4].Rows[0].Text != "not measured: node is not installed" ||
		bars[0].Rows[1].Value == 0 || bars[0].Rows[1].Own {
		t.Errorf("charts %+v", bars)
	}
	b.WriteString("\nWithout the peers that ratios are to:\n")
	standings(&b, line[:2], []int{100, 1000})
	b.WriteString("\nOne that cannot be measured, and one load:\n")
	standings(&b, line[:1], []int{100})
	const name = "testdata/standings.golden"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", b.Bytes(), want)
	}
}

func TestContest(t *testing.T) {
	for _, c := range []struct {
		args        string
		connections []int
		peers       int
	}{
		{"", []int{100, 1000}, 12},
		{"-connections 10", []int{10}, 12},
		{"-connections 100,1000,10 -only fasthttp|floor", []int{100, 1000, 10}, 4},
		{"-only videotoken", []int{100, 1000}, 2},
	} {
		contest := newContest(new(bytes.Buffer))
		line, err := contest.parse(strings.Fields(c.args))
		if err != nil || len(line) != c.peers || !slices.Equal(contest.connections, c.connections) {
			t.Errorf("%q: %d peers, %v connections, error %v", c.args, len(line), contest.connections, err)
		}
		loads := contest.loads()
		if len(loads) != len(c.connections)+1 || loads[0].Rate != 0 || loads[len(loads)-1].Rate != 3300 {
			t.Errorf("%q: %+v", c.args, loads)
		}
	}
	for _, wrong := range []string{"-connections 0", "-connections 10,", "-connections many",
		"-connections 1000000000",
		"-only nobody", "-only (", "-rounds 0", "-d 0", "more"} {
		if _, _, err := bench(append([]string{"peers"}, strings.Fields(wrong)...)...); status(err) != 1 {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

// TestInterleaved: every other round goes back, so that none is always measured first.
func TestInterleaved(t *testing.T) {
	var b strings.Builder
	for round, name := range interleaved(3, []string{"a", "b", "c"}) {
		fmt.Fprintf(&b, "%d%s ", round, name)
		if round == 3 && name == "b" {
			break
		}
	}
	if got, want := b.String(), "1a 1b 1c 2c 2b 2a 3a 3b "; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
