package report

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"time"

	"videotoken/bench/internal/record"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// tile is one figure, large, with the baseline's below it, and the gain or loss against it.
type tile struct{ Name, Value, Baseline, Gain, Loss string }

// times is a row of the table of durations: which one it is, from when it counts, and the figures
// under the heads of the columns.
type times struct {
	Name, From string
	Cells      []string
}

// timeHeads are the columns of the table of durations.
var timeHeads = []string{"2.5%", "50%", "97.5%", "99%", "99.9%", "99.99%", "average", "deviation",
	"longest"}

// section is one result on the page.
type section struct {
	*record.Result
	Kind    string
	Answers string
	Who     string // was busy beside the server
	Unsound bool   // failed or invalid
	Other   string // the baseline's load, where this load is another
	Times   []times
	Harness string // what the generator took from the same cores
	Tiles   []tile
	Charts  []*chart
	Errors  []string
}

// WritePage writes a page that needs nothing but itself.
func (f *File) WritePage(name string) error {
	var sections []section
	for _, r := range f.Results {
		s := section{Result: r, Kind: "closed loop", Tiles: tiles(r), Times: timesOf(r),
			Harness: busy(r), Charts: []*chart{percentiles(r), overTime(r), throughput(r)}}
		if r.Load.Rate > 0 {
			s.Kind = fmt.Sprintf("open loop at %s requests/s", Count(r.Load.Rate))
		}
		if s.Unsound = r.Sound() != nil; r.Others != nil || len(r.Invalid) > 0 {
			s.Who = r.Others.String()
		}
		if !likeBaseline(r.Load) {
			s.Other = baselineLoad
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
			When, Memory string
			TimeHeads    []string
			Sections     []section
		}{f, f.Time.UTC().Format("2 January 2006, 15:04 UTC"), Bytes(float64(f.Machine.Memory)),
			timeHeads, sections})
	})
}

// timesOf returns the rows of latency, service time and the generator's own lag. A closed loop has
// latency alone, which is its service time: a request is due when it is sent.
func timesOf(r *record.Result) []times {
	row := func(name, from string, d *record.Distribution) times {
		return times{name, from, durations("", d)[1:]}
	}
	if r.Service == nil || r.Lag == nil {
		return []times{row("Latency", "from when a request was sent", &r.Latency)}
	}
	return []times{
		row("Latency", "from when a request was due", &r.Latency),
		row("Service", "from when it was sent", r.Service),
		row("Own lag", "how late the load generator itself sent it", r.Lag),
	}
}

// busy says what the generator took.
func busy(r *record.Result) string {
	return fmt.Sprintf("%s µs/request, busiest worker %.0f %% of a core",
		digits(r.Harness.CPUMicros), 100*r.Harness.Busy)
}

func tiles(r *record.Result) []tile {
	// A run that failed or is invalid says nothing about the server, not even that it is better.
	compared := likeBaseline(r.Load) && r.Sound() == nil
	latency := func(name string, d, baseline time.Duration) tile {
		t := tile{Name: name, Value: Duration(d)}
		if !compared {
			return t
		}
		t.Baseline = Duration(baseline)
		if d <= baseline {
			t.Gain = digits(float64(baseline)/float64(max(d, 1))) + "x lower"
		} else {
			t.Loss = Ratio(float64(d), float64(baseline)) + " as high"
		}
		return t
	}
	rate := tile{Name: "Requests/s", Value: grouped(int64(math.Round(r.RequestsPerSecond.Avg)))}
	if compared {
		rate.Baseline = grouped(int64(math.Round(Baseline.RequestsPerSecond.Avg)))
		if ratio := Ratio(r.RequestsPerSecond.Avg, Baseline.RequestsPerSecond.Avg) +
			" as many"; r.RequestsPerSecond.Avg >= Baseline.RequestsPerSecond.Avg {
			rate.Gain = ratio
		} else {
			rate.Loss = ratio
		}
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
