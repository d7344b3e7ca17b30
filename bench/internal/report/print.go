package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"videotoken/bench/internal/record"
)

// Print writes a result in autocannon's tables, with the baseline's figures and the ratio to them
// if the load is the baseline's. A last table has what autocannon cannot know: what the server and
// the load generator used.
func Print(w io.Writer, r *record.Result) {
	kind := "closed loop"
	if r.Load.Rate > 0 {
		kind = fmt.Sprintf("open loop, %s requests/s", Count(r.Load.Rate))
	}
	fmt.Fprintf(w, "%s: %v of %s %s\n%d connections, pipelining %d, %s\n\n", r.Name,
		r.Load.Duration, r.Load.Method,
		r.Load.URL, r.Load.Connections, r.Load.Pipelining, kind)

	rows := [][]string{{"Stat", "2.5%", "50%", "97.5%", "99%", "99.9%", "99.99%", "Avg", "Stdev",
		"Max"}}
	rows = append(rows, durations("Latency", &r.Latency))
	if r.Service != nil {
		rows = append(rows, durations("Service", r.Service), durations("Own lag", r.Lag))
	}
	compared := likeBaseline(r.Load)
	if compared {
		rows = append(rows, durations("Baseline", &Baseline.Latency),
			ratios(&r.Latency, &Baseline.Latency))
	}
	Table(w, rows)

	rows = [][]string{{"Stat", "1%", "2.5%", "50%", "97.5%", "Avg", "Stdev", "Min"}}
	rows = append(rows,
		rateRows("Req/Sec", r.RequestsPerSecond, Baseline.RequestsPerSecond, Count, compared)...)
	rows = append(rows,
		rateRows("Bytes/Sec", r.BytesPerSecond, Baseline.BytesPerSecond, Bytes, compared)...)
	Table(w, rows)

	rows = [][]string{{"Code", "Count"}}
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		rows = append(rows, []string{code, fmt.Sprint(r.Codes[code])})
	}
	Table(w, rows)
	Table(w, spent(r))

	if !compared {
		fmt.Fprintf(w, "\nNot compared with the baseline, which was another load: %s\n",
			baselineLoad)
	}
	fmt.Fprintf(w, "\n%s requests in %s, %s read\n", thousands(r.Requests),
		Duration(r.Load.Duration), Bytes(float64(r.Bytes)))
	for _, reason := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(w, "FAILED %d: %s\n", r.Errors[reason], reason)
	}
	for _, why := range r.Invalid {
		fmt.Fprintf(w, "INVALID: %s\n", why)
	}
	if len(r.Invalid) > 0 {
		fmt.Fprintf(w, "Meanwhile: %s\n", r.Others)
	}
}

func spent(r *record.Result) [][]string {
	rows := [][]string{{"Spent", ""}}
	if s := r.Server; s != nil {
		figure := func(name string, v float64, text string) {
			if v < 0 {
				text = "not known"
			}
			rows = append(rows, []string{name, text})
		}
		figure("Server CPU", s.CPUMicros, digits(s.CPUMicros)+" µs/request")
		figure("Server allocations", s.Allocs, fmt.Sprintf("%.3f/request", s.Allocs))
		figure("Server peak RSS", float64(s.PeakRSS), Bytes(float64(s.PeakRSS)))
	}
	return append(rows, []string{"Harness CPU", busy(r)})
}

func durations(name string, d *record.Distribution) []string {
	row := []string{name}
	for _, v := range columns(d) {
		cell := Duration(v)
		if v == 0 && d == &Baseline.Latency {
			cell = "" // the baseline has no such figure
		}
		row = append(row, cell)
	}
	return row
}

func ratios(d, baseline *record.Distribution) []string {
	row := []string{"Ratio"}
	theirs := columns(baseline)
	for i, v := range columns(d) {
		row = append(row, Ratio(float64(v), float64(theirs[i])))
	}
	return row
}

func columns(d *record.Distribution) []time.Duration {
	return []time.Duration{d.P2_5, d.P50, d.P97_5, d.P99, d.P99_9, d.P99_99, d.Avg, d.Stdev, d.Max}
}

func rateRows(name string, ours, baseline record.Rates, format func(float64) string,
	compared bool) [][]string {
	rows := [][]string{{name}, {"Baseline"}, {"Ratio"}}
	theirs := rateColumns(baseline)
	for i, v := range rateColumns(ours) {
		rows[0] = append(rows[0], format(v))
		rows[1] = append(rows[1], format(theirs[i]))
		rows[2] = append(rows[2], Ratio(v, theirs[i]))
	}
	if !compared {
		return rows[:1]
	}
	return rows
}

func rateColumns(r record.Rates) []float64 {
	return []float64{r.P1, r.P2_5, r.P50, r.P97_5, r.Avg, r.Stdev, r.Min}
}

// thousands formats the count of the last line, as autocannon does: 99k.
func thousands(n int64) string {
	if n < 10_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%dk", (n+500)/1000)
}
