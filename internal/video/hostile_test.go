//go:build hostile

package video_test

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// TestHostileJSON is "make hostile-json": it prints what each hostile body costs per byte, as a
// ratio to the plain body, and fails over the bound of docs/DESIGN.md, section 11. Each ratio is
// the median of interleaved rounds, which are many and short, so that other programs disturb few of
// them.
func TestHostileJSON(t *testing.T) {
	const bound, rounds = 3.0, 101
	s := newSigner(t)
	dst := make([]byte, 0, 4*worstSize)
	perByte := func(body []byte) float64 {
		start := time.Now()
		_, _, _ = s.Append(dst, body, now)
		return float64(time.Since(start)) / float64(len(body))
	}
	median := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }

	plain := plainBody(t)
	if _, _, err := s.Append(dst, plain, now); err != nil {
		t.Fatal(err)
	}
	type row struct {
		name          string
		body          []byte
		ratios, times []float64
	}
	var rows []row
	for _, r := range worst(t) {
		rows = append(rows, row{name: r.Name, body: r.Body()})
	}
	for range rounds {
		for i := range rows {
			base, hostile := perByte(plain), perByte(rows[i].body)
			rows[i].ratios = append(rows[i].ratios, hostile/base)
			rows[i].times = append(rows[i].times, hostile)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Compare(median(b.ratios), median(a.ratios))
	})
	for _, r := range rows {
		answer := "200"
		if _, _, err := s.Append(dst, r.body, now); err != nil {
			answer = "400"
		}
		t.Logf("%5.2f x  %6.2f ns/byte  %s  %6d bytes  %s", median(r.ratios), median(r.times), answer,
			len(r.body), r.name)
		if median(r.ratios) > bound {
			t.Errorf("%s costs %.2f times as much per byte as the plain body, at most %.1f", r.name,
				median(r.ratios), bound)
		}
	}
}
