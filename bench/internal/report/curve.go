package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"videotoken/bench/internal/record"
)

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
	ours := line{class: "p99"}
	c := &chart{Title: "Latency by percentile", Width: wide,
		Note:   "Every further nine takes as much room, for the tail is what users remember.",
		Legend: []legend{{"p99", "latency"}}}
	most := max(r.Latency.Max, 1)
	if likeBaseline(r.Load) {
		c.Legend = append(c.Legend, legend{"baseline", "the baseline"})
		c.Lines = []line{baselineCurve()}
		most = max(most, Baseline.Latency.Max)
	}
	last := 99.0
	for _, p := range r.Curve {
		if p.Percentile < 100 && p.Value > 0 {
			ours.x, ours.y = append(ours.x, p.Percentile), append(ours.y, float64(p.Value))
			last = max(last, p.Percentile)
		}
	}
	c.X = nines(min(last, 99.9999))
	c.Y = logarithmic(float64(max(r.Latency.P2_5, 1)), float64(most), func(v float64) string {
		return round(duration(v))
	})
	c.Lines = append(c.Lines, ours)
	for i, p := range ours.x {
		c.Points = append(c.Points,
			hover{c.px(p), fmt.Sprintf("p%.5g: %s", p, duration(ours.y[i]))})
	}
	return c
}

// baselineCurve is the baseline's latency by percentile: four dots are known.
func baselineCurve() line {
	l := line{class: "baseline", dots: true, label: "the baseline"}
	for _, n := range []struct {
		p float64
		v time.Duration
	}{{2.5, Baseline.Latency.P2_5}, {50, Baseline.Latency.P50}, {97.5, Baseline.Latency.P97_5},
		{99, Baseline.Latency.P99}} {
		l.x, l.y = append(l.x, n.p), append(l.y, float64(n.v))
	}
	return l
}

// overTime is latency over time.
func overTime(r *record.Result) *chart {
	p50, p99, most := line{class: "p50"}, line{class: "p99"}, line{class: "max"}
	seconds := r.Load.Duration.Seconds()
	c := &chart{Title: "Latency over time", Width: narrow,
		Legend: []legend{{"p50", "p50"}, {"p99", "p99"}, {"max", "max"}}}
	least := float64(max(r.Latency.Max, 1))
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
	top := max(r.Latency.Max, 1)
	c.Lines = []line{most, p99, p50}
	if likeBaseline(r.Load) {
		c.Legend = append(c.Legend, legend{"baseline", "the baseline's p50 and p99"})
		c.Lines = append(c.Lines, reference(seconds, float64(Baseline.Latency.P50), "baseline p50"),
			reference(seconds, float64(Baseline.Latency.P99), "baseline p99"))
		least, top = min(least, float64(Baseline.Latency.P50)), max(top, Baseline.Latency.P99)
	}
	c.Y = logarithmic(least, float64(top), func(v float64) string { return round(duration(v)) })
	for i, at := range p50.x {
		c.Points = append(c.Points, hover{c.px(at), fmt.Sprintf("%.1f s: p50 %s, p99 %s, max %s",
			at, duration(p50.y[i]),
			duration(p99.y[i]), duration(most.y[i]))})
	}
	return c
}

// throughput is requests a second over time.
func throughput(r *record.Result) *chart {
	rate := line{class: "p50"}
	seconds := r.Load.Duration.Seconds()
	c := &chart{Title: "Throughput over time", Width: narrow,
		Legend: []legend{{"p50", "requests/s"}}}
	most := 1.0
	if likeBaseline(r.Load) {
		most = Baseline.RequestsPerSecond.Avg
		c.Legend = append(c.Legend, legend{"baseline", "the baseline"})
		c.Lines =
			[]line{reference(seconds, most, "baseline "+grouped(int64(math.Round(most)))+"/s")}
	}
	for _, s := range r.Slots {
		v := float64(s.Requests) / s.Width.Seconds()
		rate.x, rate.y = append(rate.x, (s.At+s.Width/2).Seconds()), append(rate.y, v)
		most = max(most, v)
	}
	c.X = linear(seconds, 10, func(v float64) string { return round(digits(v) + " s") })
	c.Y = linear(most*1.1, 5, func(v float64) string { return grouped(int64(math.Round(v))) })
	c.Lines = append(c.Lines, rate)
	for i, at := range rate.x {
		c.Points = append(c.Points, hover{c.px(at),
			fmt.Sprintf("%.1f s: %s requests/s", at, grouped(int64(math.Round(rate.y[i]))))})
	}
	return c
}

func reference(to, y float64, label string) line {
	return line{class: "baseline", x: []float64{0, to}, y: []float64{y, y}, label: label}
}
