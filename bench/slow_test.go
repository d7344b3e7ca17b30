//go:build slow

package main

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// TestStall has a server stall 1 s every 5 s: the open loop's p99 shows it, and the closed loop's
// does not.
func TestStall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var stall sync.RWMutex
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(4 * time.Second):
				stall.Lock()
				time.Sleep(time.Second)
				stall.Unlock()
			}
		}
	}()
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			stall.RLock()
			defer stall.RUnlock()
			fmt.Fprint(w, "right")
		}))
	}()
	target, err := load.NewTarget("GET", "http://"+l.Addr().String(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p99 := map[float64]time.Duration{}
	for _, rate := range []float64{0, 500} {
		m, err := measure.Run(t.Context(), measure.Spec{Target: target,
			Load: load.Load{Connections: 20, Rate: rate, Duration: 10 * time.Second, Length: 5}})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Errors) > 0 || len(m.Invalid) > 0 {
			t.Fatalf("rate %v: errors %v, invalid %v", rate, m.Errors, m.Invalid)
		}
		p99[rate] = m.Latency.P99
	}
	if p99[500] < 500*time.Millisecond || p99[0] > 200*time.Millisecond {
		t.Errorf("p99 of the open loop %v, of the closed %v: want the stall in the first alone", p99[500],
			p99[0])
	}
}

// bare starts the peer that is as fast as fasthttp is.
func bare(t *testing.T) *subject.Process {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bare")
	if err := subject.Build(t.Context(), ".", "./peers/bare", binary); err != nil {
		t.Fatal(err)
	}
	p, err := subject.Start(t.Context(),
		subject.Command{Args: []string{binary, "-listen", "{listen}"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// figures are what three tools can all tell: requests a second, and the median latency in
// milliseconds.
type figures struct{ rate, p50 float64 }

func ours(t *testing.T, url string, l load.Load) figures {
	t.Helper()
	target, err := load.NewTarget("GET", url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Length = -1
	m, err := measure.Run(t.Context(), measure.Spec{Target: target, Load: l})
	if err != nil || len(m.Errors) > 0 {
		t.Fatal(m, err)
	}
	return figures{m.RequestsPerSecond.Avg, m.Latency.P50.Seconds() * 1e3}
}

var (
	wrkRate = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP50  = regexp.MustCompile(`(?m)^\s+50%\s+([\d.]+)(us|ms|s)`)
)

// wrk runs Debian's wrk.
func wrk(t *testing.T, url string, connections int, d time.Duration) figures {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "wrk", "-t2", "-c", strconv.Itoa(connections), "-d",
		fmt.Sprint(int(d.Seconds())), "--latency", url).Output()
	if err != nil {
		t.Fatalf("wrk: %v; apt-get install wrk", err)
	}
	rate, p50 := wrkRate.FindSubmatch(out), wrkP50.FindSubmatch(out)
	if rate == nil || p50 == nil {
		t.Fatalf("wrk says\n%s", out)
	}
	r, _ := strconv.ParseFloat(string(rate[1]), 64)
	v, _ := strconv.ParseFloat(string(p50[1]), 64)
	return figures{r, v * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[string(p50[2])]}
}

// vegetas runs vegeta at a rate.
func vegetas(url string, rate int, d time.Duration) figures {
	var m vegeta.Metrics
	attacker := vegeta.NewAttacker(vegeta.Connections(100))
	for r := range attacker.Attack(vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: url}),
		vegeta.Rate{Freq: rate, Per: time.Second}, d, "vegeta") {
		m.Add(r)
	}
	m.Close()
	return figures{m.Rate, m.Latencies.P50.Seconds() * 1e3}
}

// spread is how far the figures of one tool are apart, as a ratio: its A/A noise.
func spread(runs []figures, of func(figures) float64) (median, ratio float64) {
	v := make([]float64, len(runs))
	for i, r := range runs {
		v[i] = of(r)
	}
	slices.Sort(v)
	return v[len(v)/2], v[len(v)-1] / v[0]
}

func rate(f figures) float64 { return f.rate }
func p50(f figures) float64  { return f.p50 }

// agree wants the medians of two tools no further apart than the runs of either one are, and a
// tenth for what the tools themselves spend.
func agree(t *testing.T, what string, a, b []figures, of func(figures) float64) {
	t.Helper()
	ma, sa := spread(a, of)
	mb, sb := spread(b, of)
	t.Logf("%s: ours %.4g (A/A %.2f), theirs %.4g (A/A %.2f)", what, ma, sa, mb, sb)
	if off := math.Exp(math.Abs(math.Log(ma / mb))); off > 1.1*max(sa, sb) {
		t.Errorf("%s: %.4g and %.4g, a ratio of %.2f where the runs of one tool differ by %.2f", what, ma,
			mb, off, max(sa, sb))
	}
}

// TestAgrees runs the same load by wrk and by vegeta, interleaved.
func TestAgrees(t *testing.T) {
	p := bare(t)
	const rounds = 5
	var closed, theirs, open, attacks []figures
	for range rounds {
		closed = append(closed,
			ours(t, p.URL, load.Load{Connections: 50, Workers: 2, Warmup: 200 * time.Millisecond,
				Duration: 2 * time.Second}))
		theirs = append(theirs, wrk(t, p.URL, 50, 2*time.Second))
		open = append(open,
			ours(t, p.URL, load.Load{Connections: 100, Rate: 1000, Duration: 2 * time.Second}))
		attacks = append(attacks, vegetas(p.URL, 1000, 2*time.Second))
	}
	agree(t, "requests/s, wrk", closed, theirs, rate)
	agree(t, "p50 in ms, wrk", closed, theirs, p50)
	agree(t, "requests/s, vegeta", open, attacks, rate)
	// vegeta's median holds what its goroutine a request costs, so that it bounds ours from above.
	mine, _ := spread(open, p50)
	median, noise := spread(attacks, p50)
	t.Logf("p50 in ms: ours %.3f, vegeta's %.3f (A/A %.2f)", mine, median, noise)
	if mine > median*noise*1.1 {
		t.Errorf("p50 %.3f ms, above vegeta's %.3f", mine, median)
	}
}

// TestLoads wants the closed loop over 1000 connections to drive at least 0.8 of what wrk does,
// interleaved.
func TestLoads(t *testing.T) {
	p := bare(t)
	var ratios []float64
	for range 5 {
		a := ours(t, p.URL,
			load.Load{Connections: 1000, Warmup: 300 * time.Millisecond, Duration: 2 * time.Second})
		b := wrk(t, p.URL, 1000, 2*time.Second)
		ratios = append(ratios, a.rate/b.rate)
		t.Logf("%.0f requests/s, wrk %.0f", a.rate, b.rate)
	}
	slices.Sort(ratios)
	if got := ratios[len(ratios)/2]; got < 0.8 {
		t.Errorf("%.2f of what wrk drives, want 0.8; every round: %.2f", got, ratios)
	} else {
		t.Logf("%.2f of what wrk drives; every round: %.2f", got, ratios)
	}
}
