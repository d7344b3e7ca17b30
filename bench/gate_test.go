//go:build gate

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"videotoken/bench/internal/judge"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// tries has the gate judge HEAD with a patch against HEAD so many times, and counts the verdicts.
func tries(t *testing.T, n int, patch string) map[judge.Verdict]int {
	t.Helper()
	root, err := subject.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service, err := measure.NewService(root)
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	d := newDuel(&progress, "gate")
	d.base, d.head, d.patch = "HEAD", "HEAD", patch
	d.load.Warmup, d.load.Duration = 200*time.Millisecond, 800*time.Millisecond
	base, head, err := d.binaries(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[judge.Verdict]int{}
	for i := range n {
		b, err := d.fight(t.Context(), &progress, service, base, head, base)
		if err != nil {
			t.Fatal(err)
		}
		rows := b.rows(d.budget)
		v := judge.Overall(rows)
		counts[v]++
		line := ""
		for _, r := range rows {
			line += fmt.Sprintf("; %s %v, old/old %v", r.Metric.Name, r.Ratio, r.Noise)
		}
		t.Logf("try %d: %s%s", i+1, v, line)
	}
	return counts
}

// TestGateCatches wants a patch that spends 15 % more CPU a request to be caught every time.
func TestGateCatches(t *testing.T) {
	if got := tries(t, 10, filepath.Join("testdata", "slower.patch")); got[judge.Regression] != 10 {
		t.Errorf("of 10 tries %v, want 10 regressions", got)
	}
}

// TestGateCriesNoWolf wants no regression of a revision against itself.
func TestGateCriesNoWolf(t *testing.T) {
	if got := tries(t, 20, ""); got[judge.Regression] != 0 {
		t.Errorf("of 20 tries %v, want no regression", got)
	}
}
