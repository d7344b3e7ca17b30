package record

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"videotoken/bench/internal/load"
)

// TestPercentiles compares every figure with the one computed from every single sample.
func TestPercentiles(t *testing.T) {
	l := load.Load{Rate: 5000, Warmup: time.Second, Duration: 10 * time.Second}
	rec := New(l, true)
	rng := rand.New(rand.NewPCG(1, 2))
	var latencies, services []int64
	var samples []load.Sample
	for i := range (load.Pacer{Rate: l.Rate}).Count(l.Warmup + l.Duration) {
		due := int64(load.Pacer{Rate: l.Rate}.Due(i))
		lag := int64(rng.ExpFloat64() * 20e3)
		service := int64(math.Exp(rng.NormFloat64()*1.5 + 12)) // log-normal, its tail over four decades
		s := load.Sample{Due: due, Sent: due + lag, Done: due + lag + service, Lag: lag, Bytes: 500,
			Code: 200}
		samples = append(samples, s)
		if due >= int64(l.Warmup) {
			latencies, services = append(latencies, s.Done-s.Due), append(services, service)
		}
	}
	rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	for len(samples) > 0 {
		n := min(len(samples), 1+rng.IntN(1000))
		rec.Add(samples[:n])
		samples = samples[n:]
	}
	res := rec.Result("open", Settings{}, &load.Outcome{})
	if len(res.Invalid) > 0 || res.Requests != 50000 || len(rec.Samples) != 50000 ||
		res.Codes["200"] != 50000 {
		t.Errorf("%d requests, %d kept, codes %v, invalid %v", res.Requests, len(rec.Samples), res.Codes,
			res.Invalid)
	}
	for name, c := range map[string]struct {
		d     Distribution
		exact []int64
	}{"latency": {res.Latency, latencies}, "service": {*res.Service, services}} {
		slices.Sort(c.exact)
		for p, got := range map[float64]time.Duration{2.5: c.d.P2_5, 50: c.d.P50, 97.5: c.d.P97_5,
			99: c.d.P99, 99.9: c.d.P99_9,
			99.99: c.d.P99_99, 100: c.d.Max} {
			want := c.exact[int(math.Ceil(p/100*float64(len(c.exact))-1e-6))-1]
			if off := math.Abs(float64(got)-float64(want)) / float64(want); off > 0.001 {
				t.Errorf("%s p%v: %d, of every sample %d", name, p, got, want)
			}
		}
		var sum, square float64
		for _, v := range c.exact {
			sum += float64(v)
		}
		mean := sum / float64(len(c.exact))
		for _, v := range c.exact {
			square += (float64(v) - mean) * (float64(v) - mean)
		}
		stdev := math.Sqrt(square / float64(len(c.exact)))
		if math.Abs(float64(c.d.Avg)-mean)/mean > 0.001 ||
			math.Abs(float64(c.d.Stdev)-stdev)/stdev > 0.002 {
			t.Errorf("%s: mean %v, stdev %v, of every sample %v, %v", name, c.d.Avg, c.d.Stdev, mean, stdev)
		}
	}
	if got := res.RequestsPerSecond.Avg; math.Abs(got-5000) > 10 {
		t.Errorf("%v requests/s", got)
	}
}

// TestClosedWindow has a closed loop's samples in the window by when they were done.
func TestClosedWindow(t *testing.T) {
	rec := New(load.Load{Warmup: time.Second, Duration: 2 * time.Second}, false)
	for _, done := range []float64{0.5, 0.999, 1, 1.5, 2.999, 3, 3.5} {
		at := int64(done * 1e9)
		rec.Add([]load.Sample{{Due: at - 5e6, Sent: at - 5e6, Done: at, Code: 200, Bytes: 10}})
	}
	res := rec.Result("seed", Settings{}, &load.Outcome{})
	if res.Requests != 3 || res.Bytes != 30 || res.Service != nil ||
		res.RequestsPerSecond.Avg != 1.5 || rec.Progress() != 7 {
		t.Errorf("%+v", res)
	}
}

func TestInvalid(t *testing.T) {
	l := load.Load{Rate: 100, Duration: 10 * time.Second}
	for _, c := range []struct {
		name    string
		lag     int64 // of every fiftieth
		unsent  int   // of the last
		held    bool  // by the server: a long wait for a connection
		busy    float64
		invalid int
	}{
		{"fine", 900e3, 0, false, 0.5, 0},
		{"late", 1100e3, 0, false, 0.5, 1},
		{"busy", 0, 0, false, 0.95, 1},
		{"not offered", 0, 20, false, 0.5, 1},
		{"held by the server to the end", 0, 20, true, 0.5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := New(l, false)
			for i := range int64(1000) {
				due := int64(load.Pacer{Rate: l.Rate}.Due(i))
				s := load.Sample{Due: due, Sent: due, Done: due + 1e6, Code: 200}
				if i%50 == 0 {
					s.Lag = c.lag
				}
				if int(i) >= 1000-c.unsent {
					if s.Sent, s.Done = int64(11*time.Second), int64(12*time.Second); !c.held {
						continue
					}
				}
				rec.Add([]load.Sample{s})
			}
			if res := rec.Result("open", Settings{},
				&load.Outcome{Busy: c.busy}); len(res.Invalid) != c.invalid {
				t.Errorf("invalid: %q", res.Invalid)
			}
		})
	}
}

// TestUnanswered wants a request without an answer kept, for files that tell of failures, and in no
// figure.
func TestUnanswered(t *testing.T) {
	rec := New(load.Load{Duration: time.Second}, true)
	rec.Add([]load.Sample{{Done: 1000, Code: 200}, {Done: 5e8}, {Done: 2e9}})
	if res := rec.Result("seed", Settings{}, &load.Outcome{}); res.Requests != 1 ||
		len(res.Codes) != 1 || len(rec.Samples) != 2 {
		t.Errorf("%d requests, codes %v, %d samples", res.Requests, res.Codes, len(rec.Samples))
	}
}
