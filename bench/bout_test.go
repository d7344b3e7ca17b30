package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// madeUp makes runs of three arms that are equal but for p99, whose noise is given.
func madeUp(rate, noise float64) [][]*record.Result {
	rng := rand.New(rand.NewPCG(1, 2))
	arms := make([][]*record.Result, 3)
	for i := range arms {
		for range 9 {
			arms[i] = append(arms[i], &record.Result{Name: "seed", Load: record.Settings{Rate: rate},
				Server: &record.Server{CPUMicros: 10},
				Latency: record.Distribution{P50: time.Millisecond,
					P99: time.Duration(1e6 * (2 + noise*rng.Float64()))},
				RequestsPerSecond: record.Rates{Avg: 1000}})
		}
	}
	return arms
}

// TestClosedTail wants the gate to pass where nothing but the closed loop's p99 is noisy, and to be
// inconclusive where the open loop's is.
func TestClosedTail(t *testing.T) {
	for want, b := range map[string]*bout{
		"verdict: pass":         {closed: madeUp(0, 50), open: madeUp(report.BaselineRate, 0)},
		"verdict: inconclusive": {closed: madeUp(0, 0), open: madeUp(report.BaselineRate, 50)},
	} {
		var stdout bytes.Buffer
		d := newDuel(&stdout, "gate")
		d.out, d.pairs = "", 9
		_ = d.judge(&stdout, nil, b, nil)
		if !strings.Contains(stdout.String(), want) || strings.Count(stdout.String(),
			"p99 at 3300/s") != 1 || strings.Contains(stdout.String(), "│ p99  ") {
			t.Errorf("want %q\n%s", want, &stdout)
		}
	}
}

// TestNoValidPair wants the gate inconclusive where every pair of the open loop is invalid.
func TestNoValidPair(t *testing.T) {
	var stdout bytes.Buffer
	d := newDuel(&stdout, "gate")
	d.out = ""
	err := d.judge(&stdout, nil, &bout{closed: madeUp(0, 0), open: make([][]*record.Result, 3)}, nil)
	if status(err) != 2 || !strings.Contains(stdout.String(), "inconclusive: no valid pair") {
		t.Errorf("error %v\n%s", err, &stdout)
	}
}

// TestMarkdown wants the file written anew each time, with the commits, the machine, the exact
// facts and the legend, and the commits on the terminal too.
func TestMarkdown(t *testing.T) {
	var stdout bytes.Buffer
	d := newDuel(&stdout, "gate")
	d.out, d.markdown, d.pairs = t.TempDir(), filepath.Join(t.TempDir(), "new", "gate.md"), 9
	d.base, d.head = "HEAD", "HEAD"
	if err := d.identify(t.Context(), "."); err != nil {
		t.Fatal(err)
	}
	if name, hash, ok := strings.Cut(d.baseName, " ("); !ok || name != "HEAD" || len(hash) != 13 ||
		d.headName != d.baseName {
		t.Errorf("base %q, head %q, want HEAD with its hash", d.baseName, d.headName)
	}
	for range 2 {
		b := &bout{closed: madeUp(0, 0), open: madeUp(report.BaselineRate, 0)}
		if err := d.judge(&stdout, nil, b, []string{"pass: a fact"}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(d.markdown)
	if err != nil {
		t.Fatal(err)
	}
	title := d.headName + " against " + d.baseName
	for _, want := range []string{"### " + title + ": pass", report.ThisMachine().String(),
		"- pass: a fact", "| CPU/request |",
		"| p99 at 3300/s |", "*regression*", "Old/old\nis the old revision beside itself"} {
		if n := strings.Count(string(text), want); n != 1 {
			t.Errorf("%d times %q in\n%s", n, want, text)
		}
	}
	if !strings.Contains(stdout.String(), title) {
		t.Errorf("no commits in\n%s", &stdout)
	}
}
