//go:build hostile

package video_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"videotoken/internal/hostile"
)

// keep is where [FuzzCost] writes the recipes of bodies that cost more than all others.
var keep = flag.String("keep", "", "write the costliest recipes that a search finds to this folder")

// costMeter measures what bodies cost.
type costMeter struct {
	tb    testing.TB
	run   func([]byte)
	plain []byte
}

func newCostMeter(tb testing.TB) *costMeter {
	s := newSigner(tb)
	dst := make([]byte, 0, 4*worstSize)
	run := func(body []byte) { _, _, _ = s.Append(dst, body, now) }
	return &costMeter{tb, run, plainBody(tb)}
}

// ratio is the time per byte of a body to that of the plain one: the median of some rounds.
func (m *costMeter) ratio(body []byte, rounds int) float64 {
	took := func(body []byte) float64 {
		start := time.Now()
		m.run(body)
		return float64(time.Since(start)) / float64(len(body))
	}
	ratios := make([]float64, rounds)
	for i := range ratios {
		ratios[i] = took(body) / took(m.plain)
	}
	slices.Sort(ratios)
	return ratios[rounds/2]
}

// allocations is how often a body has memory allocated.
func (m *costMeter) allocations(body []byte) float64 {
	return testing.AllocsPerRun(3, func() { m.run(body) })
}

// FuzzCost is "make hostile-search": it looks for bodies that cost more per byte than those of all
// recipes, in time or in allocations, and keeps the recipe of each that it finds.
func FuzzCost(f *testing.F) {
	const few, many = 5, 101
	m := newCostMeter(f)
	longest, most := 0.0, 0.0
	for _, r := range worst(f) {
		f.Add(r.Head, r.Unit, r.Tail)
		body := r.Body()
		longest, most = max(longest, m.ratio(body, few)), max(most, m.allocations(body))
	}
	f.Fuzz(func(t *testing.T, head, unit, tail string) {
		if unit == "" || len(head)+len(unit)+len(tail) > worstSize {
			return
		}
		r := hostile.Recipe{Head: head, Unit: unit, Tail: tail}
		body := r.Body()
		// A few rounds are often disturbed by other programs, and many are not.
		slow := m.ratio(body, few) > longest && m.ratio(body, many) > 1.05*longest
		n := m.allocations(body)
		if !slow && n <= most {
			return
		}
		most = max(most, n)
		if slow {
			longest = m.ratio(body, many)
		}
		t.Logf("%.2f x the plain body per byte, %.0f allocations: %q %q %q", longest, most, head, unit,
			tail)
		if *keep == "" {
			return
		}
		text := fmt.Sprintf("%q\n%q\n%q\n", head, unit, tail)
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(text))
		name := filepath.Join(*keep, fmt.Sprintf("found-%08x", sum.Sum32()))
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}
