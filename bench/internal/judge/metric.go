package judge

import (
	"time"

	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// Metric is a figure of a run that is judged.
type Metric struct {
	Name string
	Unit string // as the Go benchmark format wants it
	// More is true if a larger value is better.
	More bool
	Of   func(*record.Result) float64
	Text func(float64) string
}

// The figures that are judged.
var (
	CPU = Metric{Name: "CPU/request", Unit: "cpu-ns/req", Of: func(r *record.Result) float64 {
		if r.Server == nil {
			return 0
		}
		return 1e3 * r.Server.CPUMicros
	}, Text: duration}
	P50 = Metric{Name: "p50", Unit: "p50-ns", Of: func(r *record.Result) float64 {
		return float64(r.Latency.P50)
	}, Text: duration}
	P99 = Metric{Name: "p99", Unit: "p99-ns", Of: func(r *record.Result) float64 {
		return float64(r.Latency.P99)
	}, Text: duration}
	Rate = Metric{Name: "requests/s", Unit: "req/s", More: true,
		Of:   func(r *record.Result) float64 { return r.RequestsPerSecond.Avg },
		Text: report.Count}
)

func duration(v float64) string { return report.Duration(time.Duration(v)) }

// Metrics has all of them, the steadiest first.
func Metrics() []Metric { return []Metric{CPU, P50, P99, Rate} }

// Closed has what is judged of a closed loop. Its p99 is not: a closed loop hides stalls, and with
// 1000 connections its tail is mostly the order in which the connections have their turns.
func Closed() []Metric { return []Metric{CPU, P50, Rate} }

// Open has what is judged of an open loop. Its rate is given.
func Open() []Metric { return []Metric{CPU, P50, P99} }

// Of has what is judged of a load.
func Of(s record.Settings) []Metric {
	if s.Rate > 0 {
		return Open()
	}
	return Closed()
}

// Median returns the median of runs, and false if some run does not have the figure.
func (m Metric) Median(runs []*record.Result) (float64, bool) {
	v := values(m, runs)
	if v == nil {
		return 0, false
	}
	return median(v), true
}

// Ratio returns the median of the ratios of after[i] to before[i], which ran at the same time, with
// its interval. It returns false if some run does not have the figure.
func (m Metric) Ratio(before, after []*record.Result) (Interval, bool) {
	a, b := values(m, before), values(m, after)
	if a == nil || b == nil {
		return Interval{}, false
	}
	return interval(ratios(b, a)), true
}
