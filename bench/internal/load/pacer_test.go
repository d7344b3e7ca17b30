package load

import (
	"testing"
	"time"
)

func TestPacer(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 3, 7.3, 3300, 99999.9} {
		p := Pacer{rate}
		for _, d := range []time.Duration{0, 1, time.Millisecond, 999 * time.Millisecond, time.Second,
			10 * time.Second, time.Hour} {
			n := p.Count(d)
			if n > 0 && p.Due(n-1) >= d || p.Due(n) < d {
				t.Errorf("rate %v: Count(%v) = %d, due %v, the next %v", rate, d, n, p.Due(n-1), p.Due(n))
			}
		}
	}
	p := Pacer{3300}
	if got := p.Count(10 * time.Second); got != 33000 {
		t.Errorf("3300/s in 10 s: %d", got)
	}
	for i := int64(1); i < 100000; i++ {
		if gap := p.Due(i) - p.Due(i-1); gap < 303030 || gap > 303031 {
			t.Fatalf("arrival %d comes %d ns after the last, want 1/3300 s", i, gap)
		}
	}
}
