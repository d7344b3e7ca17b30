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
	// More is whether more of it is better.
	More bool
	Of   func(*record.Result) float64
	Text func(float64) string
}

// Metrics are the figures that are judged, the steadiest first.
func Metrics() []Metric {
	duration := func(v float64) string { return report.Duration(time.Duration(v)) }
	return []Metric{
		{Name: "CPU/request", Unit: "cpu-ns/req", Of: func(r *record.Result) float64 {
			if r.Server == nil {
				return 0
			}
			return 1e3 * r.Server.CPUMicros
		}, Text: duration},
		{Name: "p50", Unit: "p50-ns", Of: func(r *record.Result) float64 { return float64(r.Latency.P50) }, Text: duration},
		{Name: "p99", Unit: "p99-ns", Of: func(r *record.Result) float64 { return float64(r.Latency.P99) }, Text: duration},
		{Name: "requests/s", Unit: "req/s", More: true, Of: func(r *record.Result) float64 { return r.RequestsPerSecond.Avg },
			Text: report.Count},
	}
}
