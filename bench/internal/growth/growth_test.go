package growth

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"videotoken/bench/internal/report"
)

// TestJudge has figures that grow and figures that do not, with noise, a jump at the beginning and
// outliers.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    func(i int, noise float64) float64
		grows bool
	}{
		{"flat", func(int, float64) float64 { return 40e6 }, false},
		{"noise", func(_ int, n float64) float64 { return 40e6 + 5e6*n }, false},
		{"fills once", func(i int, n float64) float64 {
			return 40e6*min(1, float64(i)/15) + 1e6*n
		}, false},
		{"outliers", func(i int, n float64) float64 { return 40e6 + float64(i%10/9)*30e6 }, false},
		{"saw of a collector", func(i int, _ float64) float64 { return 10e6 + float64(i%7)*2e6 }, false},
		{"falls", func(i int, n float64) float64 { return 80e6 - float64(i)*1e5 }, false},
		{"leak", func(i int, n float64) float64 { return 40e6 + float64(i)*2e5 + 1e6*n }, true},
		{"leak under a saw", func(i int, _ float64) float64 {
			return 10e6 + float64(i%7)*2e6 + float64(i)*3e5
		}, true},
		{"slow leak within the slack", func(i int, n float64) float64 {
			return 40e6 + float64(i)*1e3
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			var at, value []float64
			for i := range 100 {
				at, value = append(at, float64(i)*6), append(value, c.at(i, rng.NormFloat64()))
			}
			if s := judge(at, value, figure{slack: 4 << 20}); s.Grows != c.grows {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestLong: in a run of over ten minutes a figure grows with 1 % of its value, and no slack.
func TestLong(t *testing.T) {
	for _, c := range []struct {
		every, rise float64 // between two samples, in seconds; and over the whole run
		f           figure
		grows       bool
	}{
		{12, 1.1e6, figure{slack: 4 << 20, long: 1}, true},
		{12, 0.3e6, figure{slack: 4 << 20, long: 1}, false},
		{12, 1.1e6, figure{slack: 4 << 20}, false},
		{1, 1.1e6, figure{slack: 4 << 20, long: 1}, false},
	} {
		var at, value []float64
		for i := range 100 {
			at, value = append(at, float64(i)*c.every), append(value, 40e6+float64(i)*c.rise/100)
		}
		if s := judge(at, value, c.f); s.Grows != c.grows {
			t.Errorf("%+v: %+v", c, s)
		}
	}
}

// TestSignatureCache: a cache that fills during a short run grows, and one that is nearly full does
// not.
func TestSignatureCache(t *testing.T) {
	cache := slices.IndexFunc(figures, func(f figure) bool { return f.name == "signature cache" })
	for _, c := range []struct {
		from, to float64 // shares of the cache
		grows    bool
	}{{0.5, 1, true}, {0, 0.2, true}, {0.95, 1, false}, {1, 1, false}} {
		var at, value []float64
		for i := range 100 {
			at = append(at, float64(i)*0.3)
			value = append(value, SignatureCache*(c.from+(c.to-c.from)*float64(i)/99))
		}
		if s := judge(at, value, figures[cache]); s.Grows != c.grows {
			t.Errorf("%v: %+v", c, s)
		}
	}
}

func TestTotal(t *testing.T) {
	var s Series
	for i := range 50 {
		for j, f := range figures {
			if f.total {
				s.add(j, time.Duration(i)*time.Second, float64(i)*0.5)
			}
		}
		s.Latency(time.Duration(i)*time.Second, time.Duration(i)*time.Millisecond)
	}
	slopes := s.Slopes()
	if len(slopes) != 2 || slopes[0].Grows || !slopes[1].Grows || slopes[1].Signed() != "+39.0 ms" ||
		slopes[1].Verdict() != "GROWS, by 3.60 s an hour" {
		t.Errorf("%+v, want a steady total, and p99 that grows by 1 ms a second", slopes)
	}
}

// TestVerdict wants the verdict of a figure that rises and does not count as growth to say why, and
// the rate of an hour beside growth alone.
func TestVerdict(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name  string
		value func(i int) float64
		want  string
	}{
		// 95 kB a second are 340 MB an hour, and 3 MB in half a minute.
		{"a short run", func(i int) float64 { return 40e6 + float64(i)*95e3*0.4 },
			"+3.00 MB: no: up to 4.19 MB in a run is ignored; a longer one (-d) would tell more"},
		{"up and down", func(i int) float64 { return 40e6 + float64(i)*2e4 + 20e6*rng.Float64() },
			"+3.48 MB: no: it goes up and down, so that its trend can be chance (1.6 standard " +
				"deviations of 3)"},
		{"falls", func(i int) float64 { return 80e6 - float64(i)*1e5 }, "-7.90 MB: no"},
		{"flat", func(int) float64 { return 40e6 }, "0: no"},
		{"leak", func(i int) float64 {
			return 40e6 + float64(i)*95e3
		}, "+7.50 MB: GROWS, by 855 MB an hour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var at, value []float64
			for i := range 100 {
				at, value = append(at, float64(i)*0.4), append(value, c.value(i))
			}
			s := judge(at, value, figure{slack: 4 << 20})
			s.Text = report.Bytes
			if got := s.Signed() + ": " + s.Verdict(); got != c.want {
				t.Errorf("%q, want %q: %+v", got, c.want, s)
			}
		})
	}
}
