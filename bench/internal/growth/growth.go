// Package growth samples a server while a load runs and finds the figures that grow.
//
// Most callers have [Series.Watch] sample beside a load and read [Series.Slopes] at its end.
package growth

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// Least is the smallest number of samples that a slope is computed from.
const Least = 20

// figure is one of the figures that are sampled.
type figure struct {
	name, metric string
	text         func(float64) string
	slack        float64 // growth over the whole run that is ignored, in the figure's own unit
	total        bool    // a counter: the increase from sample to sample is judged
	// In a long run a figure that nothing makes grow may grow by a hundredth of its value, or by
	// this, for what goes up and down. 0: slack holds for runs of any length.
	long float64
}

// longRun is a run in which a server has filled all it fills before the first fifth is over.
const longRun = 10 * time.Minute

const (
	rss = "process_resident_memory_bytes"
	// rssInUse is RSS without what Go's heap keeps for later, which is computed here. That is up to
	// a tenth of the heap's goal. It goes up and down for hours while nothing grows.
	rssInUse = "rss_in_use"
)

// SignatureCache is how many bytes of signatures a service may keep while it is sampled. They never
// grow by more, so that only a part of them can be ignored.
const SignatureCache = 1 << 20

func count(v float64) string { return report.Count(math.Round(v)) }

func duration(v float64) string { return report.Duration(time.Duration(v)) }

var figures = []figure{
	{name: "RSS", metric: rss, text: report.Bytes, slack: 4 << 20},
	{name: "RSS in use", metric: rssInUse, text: report.Bytes, slack: 4 << 20, long: 1},
	// The collector's goal is twice the live heap of its last run. Unlike the heap's size it
	// contains no garbage.
	{name: "heap goal", metric: "go_memstats_next_gc_bytes", text: report.Bytes, slack: 2 << 20},
	{name: "goroutines", metric: "go_goroutines", text: count, slack: 5, long: 1},
	{name: "file descriptors", metric: "process_open_fds", text: count, slack: 5, long: 1},
	{name: "signature cache", metric: "videotoken_signature_cache_bytes", text: report.Bytes,
		slack: SignatureCache / 8, long: 1},
	{name: "GC pauses", metric: "go_gc_duration_seconds_sum", text: func(v float64) string {
		return duration(v * 1e9)
	}, slack: 0.001, total: true},
	{name: "p99", text: duration, slack: 1e6},
}

// latency is the index of the figure that the load measures.
var latency = len(figures) - 1

// Series is samples of each figure.
type Series struct {
	at, value [][]float64 // by figure; at in seconds
	last      []float64   // of the counters
}

func (s *Series) add(i int, at time.Duration, v float64) {
	if s.at == nil {
		s.at, s.value, s.last = make([][]float64, len(figures)), make([][]float64, len(figures)),
			make([]float64, len(figures))
	}
	if figures[i].total {
		v, s.last[i] = v-s.last[i], v
	}
	s.at[i], s.value[i] = append(s.at[i], at.Seconds()), append(s.value[i], v)
}

// Latency adds a latency that the load measured.
func (s *Series) Latency(at, p99 time.Duration) { s.add(latency, at, float64(p99)) }

// Watch samples an admin port every so often, after a pause, until stop is closed.
func (s *Series) Watch(ctx context.Context, admin string, pause, every time.Duration,
	stop <-chan struct{}) error {
	start := time.Now().Add(pause)
	tick := time.NewTimer(pause)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			tick.Reset(every)
		}
		m, err := subject.Scrape(ctx, admin)
		if err != nil {
			return fmt.Errorf("the admin port: %w", err)
		}
		m[rssInUse] = m[rss] -
			(m["go_memstats_heap_idle_bytes"] - m["go_memstats_heap_released_bytes"])
		for i, f := range figures {
			if v, ok := m[f.metric]; ok {
				s.add(i, time.Since(start), v)
			}
		}
	}
}

// Slope is how a figure changed over the run.
type Slope struct {
	Name        string
	First, Last float64 // the medians of the first and the last fifth of what is judged
	Change      float64 // of the trend, over what is judged
	Over        time.Duration
	// standard deviations by which the trend differs from chance, in Kendall's test
	Sure    float64
	Ignored float64 // growth that a healthy server may have over a run of any length
	Grows   bool
	Text    func(float64) string
}

// surely is how many standard deviations a trend must differ from chance to count as growth.
const surely = 3

// Signed is the change over the run with its sign.
func (s Slope) Signed() string {
	switch {
	case s.Change < 0:
		return "-" + s.Text(-s.Change)
	case s.Change == 0:
		return "0"
	}
	return "+" + s.Text(s.Change)
}

// Share is the change over the run in hundredths of the figure.
func (s Slope) Share() string {
	if s.First == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.2f %%", 100*s.Change/s.First)
}

// Verdict says whether the figure grows: how fast, or why its change is no growth. The rate of an
// hour is told of growth alone, for chance and a cache that fills have none.
func (s Slope) Verdict() string {
	switch {
	case s.Grows:
		return fmt.Sprintf("GROWS, by %s an hour", s.Text(s.Change/s.Over.Hours()))
	case s.Change <= 0:
		return "no"
	case s.Sure <= surely:
		return fmt.Sprintf("no: it goes up and down, so that its trend can be chance (%.1f "+
			"standard deviations of %d)", s.Sure, surely)
	}
	return fmt.Sprintf("no: up to %s in a run is ignored; a longer one (-d) would tell more",
		s.Text(s.Ignored))
}

// Slopes judges every figure that was sampled.
func (s *Series) Slopes() (slopes []Slope) {
	for i := range s.at {
		if len(s.at[i]) == 0 {
			continue
		}
		f := figures[i]
		slope := judge(s.at[i], s.value[i], f)
		slope.Name, slope.Text = f.name, f.text
		slopes = append(slopes, slope)
	}
	return slopes
}

// judge leaves out the first fifth, in which a server fills its caches. The slope of the rest is
// the median of the slopes of all pairs (Theil and Sen), which outliers do not move. It counts as
// growth if Kendall's test is certain to three standard deviations, and if it adds up to more than
// the slack and 2 % of the figure over the run; to 1 % in a long run, where the figure says so.
func judge(at, value []float64, f figure) Slope {
	at, value = at[len(at)/5:], value[len(value)/5:]
	n := len(at)
	fifth := max(1, n/5)
	s := Slope{First: median(value[:fifth]), Last: median(value[n-fifth:])}
	if n < 3 {
		return s
	}
	var slopes []float64
	concordant := 0.0
	for i := range n {
		for j := range i {
			slopes = append(slopes, (value[i]-value[j])/(at[i]-at[j]))
			if value[i] > value[j] {
				concordant++
			} else if value[i] < value[j] {
				concordant--
			}
		}
	}
	slope := median(slopes)
	m := float64(n)
	s.Sure = concordant / math.Sqrt(m*(m-1)*(2*m+5)/18)
	s.Over = time.Duration((at[n-1] - at[0]) * float64(time.Second))
	s.Change = slope * s.Over.Seconds()
	s.Ignored = max(f.slack, 0.02*s.First)
	if f.long > 0 && s.Over >= longRun {
		s.Ignored = max(f.long, 0.01*s.First)
	}
	s.Grows = s.Sure > surely && s.Change > s.Ignored
	return s
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// WriteCSV writes every sample: figure, seconds, value.
func (s *Series) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"figure", "seconds", "value"}}
	for i := range s.at {
		for j := range s.at[i] {
			rows = append(rows, []string{figures[i].name,
				strconv.FormatFloat(s.at[i][j], 'f', 1, 64),
				strconv.FormatFloat(s.value[i][j], 'g', -1, 64)})
		}
	}
	return c.WriteAll(rows)
}
