package judge

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"videotoken/bench/internal/record"
)

// Verdict is the judgement of one metric.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Better       Verdict = "better" // surely, and by more than a quarter of the budget
	Regression   Verdict = "regression"
	Inconclusive Verdict = "inconclusive"
)

// confidence is the confidence level of every interval.
const confidence = 0.95

// enough is how many pairs an interval with that confidence needs.
const enough = 6

// Interval is a median of ratios with its confidence interval.
type Interval struct{ Median, Lo, Hi float64 }

// Row is one metric judged.
type Row struct {
	Metric   Metric
	Old, New float64  // the medians
	Ratio    Interval // of new to old
	Noise    Interval // of old to old; zero if it was not measured
	Pairs    int
	// Needed is how many pairs would bring the noise below the budget; 0 if it is below.
	Needed  int
	Verdict Verdict
}

// Judge judges metrics of pairs of runs: before[i], of the old revision, and after[i], of the new
// one, ran at the same time. again has further runs of the old revision, made at the same time too,
// or is nil. A metric regressed if both its median and the near end of its interval are worse by
// more than the budget (0.08 is 8 %) and by more than the old revision differs from itself. It is
// better if its whole interval is, by more than the old revision differs from itself, and its
// median by more than a quarter of the budget: less is of no size. Where there are no pairs, every
// metric is inconclusive.
func Judge(metrics []Metric, before, after, again []*record.Result, budget float64) []Row {
	var rows []Row
	for _, m := range metrics {
		if len(before) == 0 || len(after) == 0 {
			rows = append(rows, Row{Metric: m, Verdict: Inconclusive, Needed: enough})
			continue
		}
		a, b := values(m, before), values(m, after)
		if a == nil || b == nil {
			continue // some run does not have it
		}
		r := Row{Metric: m, Old: median(a), New: median(b), Ratio: interval(ratios(b, a)),
			Pairs: len(a)}
		r.Noise, _ = m.Ratio(before, again)
		r.judge(budget)
		rows = append(rows, r)
	}
	return rows
}

func (r *Row) judge(budget float64) {
	cost, noise := r.Ratio, r.Noise
	if r.Metric.More {
		cost, noise = cost.inverse(), noise.inverse()
	}
	limit := 1 + budget
	spread := 1.0 // how much the old revision differs from itself, in either direction
	if noise != (Interval{}) {
		spread = max(noise.Hi, 1/noise.Lo)
	}
	worst, noisy := max(limit, spread), spread
	if noise == (Interval{}) && r.Pairs >= enough {
		// the interval itself is the only measure of the noise
		spread = math.Sqrt(cost.Hi / cost.Lo)
	}
	switch {
	case r.Pairs < enough && (cost.Median > limit || cost.Median < 1/limit):
		r.Verdict, r.Needed = Inconclusive, enough
	case r.Pairs < enough:
		r.Verdict = Pass
	case cost.Median > worst && cost.Lo > worst:
		r.Verdict = Regression
	case cost.Hi < 1/noisy && cost.Median < 1/(1+budget/4):
		r.Verdict = Better
	case spread > limit:
		// An interval shrinks as the root of the pairs.
		width := math.Log(spread) / math.Log(limit)
		r.Verdict, r.Needed = Inconclusive,
			max(enough, int(math.Ceil(float64(r.Pairs)*min(width*width, 100))))
	default:
		r.Verdict = Pass
	}
}

// Valid returns the runs of those pairs in which no run is invalid.
func Valid(arms [][]*record.Result) [][]*record.Result {
	valid := make([][]*record.Result, len(arms))
	for pair := range arms[0] {
		if slices.ContainsFunc(arms, func(runs []*record.Result) bool {
			return len(runs[pair].Invalid) > 0
		}) {
			continue
		}
		for i, runs := range arms {
			valid[i] = append(valid[i], runs[pair])
		}
	}
	return valid
}

// Overall is the verdict of all rows: a regression if one regressed, else inconclusive if one is,
// else better if one is.
func Overall(rows []Row) Verdict {
	overall := Pass
	for _, r := range rows {
		switch r.Verdict {
		case Regression:
			return Regression
		case Inconclusive:
			overall = Inconclusive
		case Better:
			if overall == Pass {
				overall = Better
			}
		}
	}
	if len(rows) == 0 {
		return Inconclusive
	}
	return overall
}

func (i Interval) inverse() Interval {
	if i == (Interval{}) {
		return i
	}
	return Interval{1 / i.Median, 1 / i.Hi, 1 / i.Lo}
}

func (i Interval) String() string {
	if math.IsInf(i.Lo, 0) || math.IsInf(i.Hi, 0) {
		return fmt.Sprintf("%.3f", i.Median)
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", i.Median, i.Lo, i.Hi)
}

func values(m Metric, runs []*record.Result) []float64 {
	var v []float64
	for _, r := range runs {
		x := m.Of(r)
		if x <= 0 {
			return nil
		}
		v = append(v, x)
	}
	return v
}

func ratios(a, b []float64) []float64 {
	r := make([]float64, min(len(a), len(b)))
	for i := range r {
		r[i] = a[i] / b[i]
	}
	return r
}

func interval(v []float64) Interval {
	// A sample sorts its values, and pairs must stay pairs.
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(v),
		&benchmath.DefaultThresholds), confidence)
	return Interval{s.Center, s.Lo, s.Hi}
}

func median(v []float64) float64 { return interval(v).Median }
