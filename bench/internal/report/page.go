package report

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"videotoken/bench/internal/record"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// tile is one figure, large, with the baseline's below it, and the gain or loss against it.
type tile struct{ Name, Value, Baseline, Gain, Loss string }

// section is one result on the page.
type section struct {
	*record.Result
	Kind    string
	Answers string
	Lag     string // the generator's own, of an open loop
	Tiles   []tile
	Charts  []*chart
	Errors  []string
}

// WritePage writes a page that needs nothing but itself.
func (f *File) WritePage(name string) error {
	var sections []section
	for _, r := range f.Results {
		s := section{Result: r, Kind: "closed loop", Tiles: tiles(r), Charts: []*chart{percentiles(r), overTime(r), throughput(r)}}
		if r.Load.Rate > 0 {
			s.Kind = fmt.Sprintf("open loop at %s requests/s", Count(r.Load.Rate))
			s.Lag = Duration(r.Lag.P99)
		}
		s.Answers = grouped(r.Requests) + " requests"
		for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
			s.Answers += fmt.Sprintf(" · %s of status %s", grouped(r.Codes[code]), code)
		}
		for _, reason := range slices.Sorted(maps.Keys(r.Errors)) {
			s.Errors = append(s.Errors, fmt.Sprintf("%d failed: %s", r.Errors[reason], reason))
		}
		sections = append(sections, s)
	}
	return write(name, func(w *bufio.Writer) error {
		return page.Execute(w, struct {
			*File
			When     string
			Memory   string
			Sections []section
		}{f, f.Time.UTC().Format("2 January 2006, 15:04 UTC"), Bytes(float64(f.Machine.Memory)), sections})
	})
}

func tiles(r *record.Result) []tile {
	latency := func(name string, d, baseline time.Duration) tile {
		t := tile{Name: name, Value: Duration(d), Baseline: Duration(baseline)}
		if d <= baseline {
			t.Gain = digits(float64(baseline)/float64(max(d, 1))) + "x lower"
		} else {
			t.Loss = Ratio(float64(d), float64(baseline)) + " as high"
		}
		return t
	}
	rate := tile{Name: "Requests/s", Value: grouped(int64(math.Round(r.RequestsPerSecond.Avg))), Baseline: grouped(int64(math.Round(Baseline.RequestsPerSecond.Avg)))}
	if ratio := Ratio(r.RequestsPerSecond.Avg, Baseline.RequestsPerSecond.Avg) + " as many"; r.RequestsPerSecond.Avg >= Baseline.RequestsPerSecond.Avg {
		rate.Gain = ratio
	} else {
		rate.Loss = ratio
	}
	t := []tile{
		rate,
		latency("p50", r.Latency.P50, Baseline.Latency.P50),
		latency("p97.5", r.Latency.P97_5, Baseline.Latency.P97_5),
		latency("p99", r.Latency.P99, Baseline.Latency.P99),
		{Name: "p99.99", Value: Duration(r.Latency.P99_99)},
	}
	if s := r.Server; s != nil && s.CPUMicros >= 0 {
		t = append(t, tile{Name: "Server CPU a request", Value: digits(s.CPUMicros) + " µs"})
	}
	if s := r.Server; s != nil && s.Allocs >= 0 {
		t = append(t, tile{Name: "Allocations a request", Value: fmt.Sprintf("%.3f", s.Allocs)})
	}
	if s := r.Server; s != nil && s.PeakRSS >= 0 {
		t = append(t, tile{Name: "Peak memory", Value: Bytes(float64(s.PeakRSS))})
	}
	return t
}

func duration(ns float64) string { return Duration(time.Duration(ns)) }

// round is a label of an axis: a round number has no digits to spare.
func round(label string) string {
	number, unit, _ := strings.Cut(label, " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(number + " " + unit)
}

// percentiles is latency by percentile.
func percentiles(r *record.Result) *chart {
	ours, baseline := line{class: "p99"}, line{class: "baseline", dots: true, label: "the baseline"}
	for _, n := range []struct {
		p float64
		v time.Duration
	}{{2.5, Baseline.Latency.P2_5}, {50, Baseline.Latency.P50}, {97.5, Baseline.Latency.P97_5}, {99, Baseline.Latency.P99}} {
		baseline.x, baseline.y = append(baseline.x, n.p), append(baseline.y, float64(n.v))
	}
	last := 99.0
	c := &chart{Title: "Latency by percentile", Width: wide, Note: "Every further nine takes as much room, for the tail is what users remember.",
		Legend: []legend{{"p99", "latency"}, {"baseline", "the baseline"}}}
	for _, p := range r.Curve {
		if p.Percentile < 100 && p.Value > 0 {
			ours.x, ours.y = append(ours.x, p.Percentile), append(ours.y, float64(p.Value))
			last = max(last, p.Percentile)
		}
	}
	c.X = nines(min(last, 99.9999))
	c.Y = logarithmic(float64(max(r.Latency.P2_5, 1)), float64(max(r.Latency.Max, Baseline.Latency.Max)), func(v float64) string { return round(duration(v)) })
	c.Lines = []line{baseline, ours}
	for i, p := range ours.x {
		c.Points = append(c.Points, hover{c.px(p), fmt.Sprintf("p%.5g: %s", p, duration(ours.y[i]))})
	}
	return c
}

// overTime is latency over time.
func overTime(r *record.Result) *chart {
	p50, p99, most := line{class: "p50"}, line{class: "p99"}, line{class: "max"}
	seconds := r.Load.Duration.Seconds()
	c := &chart{Title: "Latency over time", Width: narrow, Legend: []legend{{"p50", "p50"}, {"p99", "p99"}, {"max", "max"}, {"baseline", "the baseline's p50 and p99"}}}
	least := float64(Baseline.Latency.P50)
	for _, s := range r.Slots {
		if s.Requests == 0 {
			continue
		}
		at := (s.At + s.Width/2).Seconds()
		p50.x, p50.y = append(p50.x, at), append(p50.y, float64(s.P50))
		p99.x, p99.y = append(p99.x, at), append(p99.y, float64(s.P99))
		most.x, most.y = append(most.x, at), append(most.y, float64(s.Max))
		least = min(least, float64(max(s.P50, 1)))
	}
	c.X = linear(seconds, 10, func(v float64) string { return round(digits(v) + " s") })
	c.Y = logarithmic(least, float64(max(r.Latency.Max, Baseline.Latency.P99)), func(v float64) string { return round(duration(v)) })
	c.Lines = []line{most, p99, p50, reference(seconds, float64(Baseline.Latency.P50), "baseline p50"),
		reference(seconds, float64(Baseline.Latency.P99), "baseline p99")}
	for i, at := range p50.x {
		c.Points = append(c.Points, hover{c.px(at), fmt.Sprintf("%.1f s: p50 %s, p99 %s, max %s", at, duration(p50.y[i]),
			duration(p99.y[i]), duration(most.y[i]))})
	}
	return c
}

// throughput is requests a second over time.
func throughput(r *record.Result) *chart {
	rate := line{class: "p50"}
	seconds := r.Load.Duration.Seconds()
	c := &chart{Title: "Throughput over time", Width: narrow, Legend: []legend{{"p50", "requests/s"}, {"baseline", "the baseline"}}}
	most := Baseline.RequestsPerSecond.Avg
	for _, s := range r.Slots {
		v := float64(s.Requests) / s.Width.Seconds()
		rate.x, rate.y = append(rate.x, (s.At+s.Width/2).Seconds()), append(rate.y, v)
		most = max(most, v)
	}
	c.X = linear(seconds, 10, func(v float64) string { return round(digits(v) + " s") })
	c.Y = linear(most*1.1, 5, func(v float64) string { return grouped(int64(math.Round(v))) })
	c.Lines = []line{rate, reference(seconds, Baseline.RequestsPerSecond.Avg, "baseline "+grouped(int64(math.Round(Baseline.RequestsPerSecond.Avg)))+"/s")}
	for i, at := range rate.x {
		c.Points = append(c.Points, hover{c.px(at), fmt.Sprintf("%.1f s: %s requests/s", at, grouped(int64(math.Round(rate.y[i]))))})
	}
	return c
}

func reference(to, y float64, label string) line {
	return line{class: "baseline", x: []float64{0, to}, y: []float64{y, y}, label: label}
}
