package record

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"videotoken/bench/internal/load"
)

// Result has the figures of one run. Durations are nanoseconds in JSON.
type Result struct {
	Name     string           `json:"name"`
	Load     Settings         `json:"load"`
	Requests int64            `json:"requests"` // answered in the window
	Bytes    int64            `json:"bytes"`    // of their responses, headers included
	Codes    map[string]int64 `json:"codes"`
	// Errors counts the requests without a right answer, by reason; any of them fails the run.
	// Invalid has the reasons why the run says nothing about the server.
	Errors  map[string]int64 `json:"errors,omitempty"`
	Invalid []string         `json:"invalid,omitempty"`

	Latency Distribution  `json:"latency_ns"`
	Service *Distribution `json:"service_ns,omitempty"` // of an open loop
	Lag     *Distribution `json:"lag_ns,omitempty"`     // of an open loop

	RequestsPerSecond Rates `json:"requests_per_second"`
	BytesPerSecond    Rates `json:"bytes_per_second"`

	Server  *Server `json:"server,omitempty"` // where the harness can see the process
	Harness Harness `json:"harness"`
	Others  *Others `json:"others,omitempty"` // who else was busy, where the kernel tells

	Curve []Percentile `json:"curve"` // latency by percentile
	Slots []Slot       `json:"slots"` // over time
}

// Settings must be equal for two results to be compared.
type Settings struct {
	URL         string        `json:"url"`
	Method      string        `json:"method"`
	BodySHA256  string        `json:"body_sha256"`
	Connections int           `json:"connections"`
	Pipelining  int           `json:"pipelining"`
	Rate        float64       `json:"rate"` // requests a second, 0 for a closed loop
	Warmup      time.Duration `json:"warmup_ns"`
	Duration    time.Duration `json:"duration_ns"`
}

// Distribution is a distribution of durations.
type Distribution struct {
	P2_5   time.Duration `json:"p2_5"`
	P50    time.Duration `json:"p50"`
	P97_5  time.Duration `json:"p97_5"`
	P99    time.Duration `json:"p99"`
	P99_9  time.Duration `json:"p99_9"`
	P99_99 time.Duration `json:"p99_99"`
	Avg    time.Duration `json:"avg"`
	Stdev  time.Duration `json:"stdev"`
	Max    time.Duration `json:"max"`
}

// Rates is a distribution over the seconds of the window.
type Rates struct {
	P1    float64 `json:"p1"`
	P2_5  float64 `json:"p2_5"`
	P50   float64 `json:"p50"`
	P97_5 float64 `json:"p97_5"`
	Avg   float64 `json:"avg"`
	Stdev float64 `json:"stdev"`
	Min   float64 `json:"min"`
}

// Server is what the server's process used during the window. A figure that could not be read is
// -1.
type Server struct {
	CPUMicros float64 `json:"cpu_us_per_request"`
	Allocs    float64 `json:"allocs_per_request"`
	PeakRSS   int64   `json:"peak_rss_bytes"`
}

// Harness is the cost of the load generator.
type Harness struct {
	CPUMicros  float64 `json:"cpu_us_per_request"`
	Busy       float64 `json:"busy"` // the busiest worker's share of its time, 1 for a core
	Reconnects int64   `json:"reconnects"`
}

// Percentile is one point of a distribution, both ends included.
type Percentile struct {
	Percentile float64       `json:"percentile"` // 0 to 100
	Value      time.Duration `json:"value_ns"`
}

// Slot is a part of the window.
type Slot struct {
	At       time.Duration `json:"at_ns"` // since the window began
	Width    time.Duration `json:"width_ns"`
	Requests int64         `json:"requests"`
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
	Max      time.Duration `json:"max_ns"`
}

// Result computes the figures from the samples and the outcome of the run.
func (r *Recorder) Result(name string, s Settings, o *load.Outcome) *Result {
	n := r.Latency.TotalCount()
	res := &Result{Name: name, Load: s, Requests: n, Bytes: r.bytes, Codes: map[string]int64{},
		Errors:  o.Failures,
		Latency: distribution(r.Latency), Curve: curve(r.Latency),
		Harness: Harness{CPUMicros: micros(o.CPU, n), Busy: o.Busy, Reconnects: o.Reconnects}}
	for code, n := range r.codes {
		res.Codes[strconv.Itoa(int(code))] = n
	}
	if r.load.Rate > 0 {
		service, lag := distribution(r.Service), distribution(r.Lag)
		res.Service, res.Lag = &service, &lag
	}
	// A last second that is only partly in the window would be an artificial low outlier.
	whole := r.seconds[:max(1, int(r.load.Duration/time.Second))]
	span := min(1, r.load.Duration.Seconds())
	requests, bytes := make([]float64, len(whole)), make([]float64, len(whole))
	for i, s := range whole {
		requests[i], bytes[i] = float64(s.requests)/span, float64(s.bytes)/span
	}
	res.RequestsPerSecond, res.BytesPerSecond = rates(requests), rates(bytes)
	for i, s := range r.slots {
		if s.latency == nil {
			s.latency = hdrhistogram.New(1000, longest, 2)
		}
		res.Slots = append(res.Slots, Slot{At: time.Duration(int64(i) * r.width),
			Width:    time.Duration(r.width),
			Requests: s.requests, P50: at(s.latency, 50), P99: at(s.latency, 99),
			Max: time.Duration(s.latency.Max())})
	}
	res.Invalid = r.invalid(o)
	return res
}

// invalid returns the reasons why the generator could not offer the load. A closed loop is always
// valid.
func (r *Recorder) invalid(o *load.Outcome) (why []string) {
	if r.load.Rate == 0 {
		return nil
	}
	asked := load.Pacer{Rate: r.load.Rate}
	planned := asked.Count(time.Duration(r.to)) - asked.Count(time.Duration(r.from))
	failed := -o.Unsent // the others were sent
	for _, n := range o.Failures {
		failed += n
	}
	if offered := r.offered + failed; float64(offered) < 0.99*float64(planned) {
		why = append(why, fmt.Sprintf("%d of %d requests were sent in time, under 99 %%: lower "+
			"the rate, or free the machine",
			offered, planned))
	}
	if p99 := at(r.Lag, 99); p99 > time.Millisecond {
		why = append(why, fmt.Sprintf("the generator's own lag has a p99 of %v, over 1ms: lower "+
			"the rate, or free the machine",
			p99.Round(10*time.Microsecond)))
	}
	if o.Busy > 0.9 {
		why = append(why,
			fmt.Sprintf("the generator was busy %.0f %% of the time: lower the rate, or raise -w",
				100*o.Busy))
	}
	return why
}

func at(h *hdrhistogram.Histogram, percentile float64) time.Duration {
	return time.Duration(h.ValueAtPercentile(percentile))
}

func distribution(h *hdrhistogram.Histogram) Distribution {
	d := Distribution{P2_5: at(h, 2.5), P50: at(h, 50), P97_5: at(h, 97.5), P99: at(h, 99),
		P99_9:  at(h, 99.9),
		P99_99: at(h, 99.99), Max: time.Duration(h.Max())}
	if h.TotalCount() > 0 {
		d.Avg, d.Stdev = time.Duration(h.Mean()), time.Duration(h.StdDev())
	}
	return d
}

func curve(h *hdrhistogram.Histogram) (points []Percentile) {
	if h.TotalCount() == 0 {
		return nil
	}
	for _, b := range h.CumulativeDistributionWithTicks(10) {
		points = append(points, Percentile{b.Quantile, time.Duration(b.ValueAt)})
	}
	return points
}

// rates takes percentiles by the nearest rank: with ten seconds the first percentile is the least,
// as autocannon has it.
func rates(v []float64) (d Rates) {
	sorted := slices.Sorted(slices.Values(v))
	rank := func(p float64) float64 {
		return sorted[min(len(sorted)-1, max(0, int(math.Ceil(p/100*float64(len(sorted))))-1))]
	}
	d = Rates{P1: rank(1), P2_5: rank(2.5), P50: rank(50), P97_5: rank(97.5), Min: sorted[0]}
	for _, x := range v {
		d.Avg += x / float64(len(v))
	}
	for _, x := range v {
		d.Stdev += (x - d.Avg) * (x - d.Avg) / float64(len(v))
	}
	d.Stdev = math.Sqrt(d.Stdev)
	return d
}

// Scale multiplies every rate.
func (r *Rates) Scale(by float64) {
	for _, v := range []*float64{&r.P1, &r.P2_5, &r.P50, &r.P97_5, &r.Avg, &r.Stdev, &r.Min} {
		*v *= by
	}
}

func micros(cpu time.Duration, requests int64) float64 {
	if requests == 0 {
		return 0
	}
	return float64(cpu.Nanoseconds()) / 1e3 / float64(requests)
}
