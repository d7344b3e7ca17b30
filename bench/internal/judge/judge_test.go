package judge

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"videotoken/bench/internal/record"
)

var update = flag.Bool("update", false, "write the golden files")

// runs makes runs whose CPU per request, latency and rate are one number, each with a noise of its
// own.
func runs(rng *rand.Rand, n int, cpu, noise float64) []*record.Result {
	v := make([]*record.Result, n)
	for i := range v {
		x := func(base float64) float64 { return base * math.Exp(noise*rng.NormFloat64()) }
		v[i] = &record.Result{Name: "seed", Server: &record.Server{CPUMicros: x(cpu)},
			Latency: record.Distribution{P50: time.Duration(x(cpu * 1e6)),
				P99: time.Duration(x(cpu * 3e6))},
			RequestsPerSecond: record.Rates{Avg: 1e6 / x(cpu)}}
	}
	return v
}

// TestVerdicts has the judge see 200 made-up comparisons of each kind, with pairs of 2 % noise.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name            string
		cpu, noise      float64
		pairs           int
		want            Verdict
		least, wolves   int // of 200: with the wanted verdict, and with a regression where there is none
		wantsRegression bool
	}{
		{"the same", 10, 0.02, 9, Pass, 190, 0, false},
		{"15 % slower", 11.5, 0.02, 9, Regression, 190, 200, true},
		{"5 % slower, within the budget", 10.5, 0.02, 9, Pass, 180, 0, false},
		{"30 % faster", 7, 0.02, 9, Better, 190, 0, false},
		{"5 % faster, by less than the budget", 9.5, 0.005, 9, Better, 190, 0, false},
		{"the same, on a machine too noisy", 10, 0.25, 9, Inconclusive, 190, 0, false},
		{"one pair, the same", 10, 0.001, 1, Pass, 200, 0, false},
		{"one pair, slower", 15, 0.001, 1, Inconclusive, 200, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			got, wolves := 0, 0
			for range 200 {
				var again []*record.Result
				if c.pairs > 1 {
					again = runs(rng, c.pairs, 10, c.noise)
				}
				v := Overall(Judge(Metrics(), runs(rng, c.pairs, 10, c.noise),
					runs(rng, c.pairs, c.cpu, c.noise), again, 0.08))
				if v == c.want {
					got++
				}
				if v == Regression {
					wolves++
				}
			}
			if got < c.least || !c.wantsRegression && wolves > c.wolves {
				t.Errorf("%d of 200 %s, %d regressions", got, c.want, wolves)
			}
		})
	}
}

// TestPairs has a machine that gets three times slower and faster again, while every pair has one
// ratio.
func TestPairs(t *testing.T) {
	drifting := func(by float64) (v []*record.Result) {
		for _, cpu := range []float64{10, 30, 20, 12, 28, 15, 25} {
			v = append(v, runs(rand.New(rand.NewPCG(1, 2)), 1, cpu*by, 0)...)
		}
		return v
	}
	for _, r := range Judge(Metrics(), drifting(1), drifting(1.15), drifting(1), 0.08) {
		ratio := r.Ratio
		if r.Metric.More {
			ratio = ratio.inverse()
		}
		if r.Verdict != Regression || math.Abs(ratio.Lo-1.15) > 1e-6 || math.Abs(ratio.Hi-1.15) > 1e-6 ||
			math.Abs(r.Noise.Hi-1) > 1e-6 {
			t.Errorf("%+v", r)
		}
	}
}

// TestAlone judges without runs of the old revision beside the old: the interval itself then tells
// the noise.
func TestAlone(t *testing.T) {
	for _, c := range []struct {
		ratio Interval
		want  Verdict
	}{
		{Interval{0.949, 0.807, 1.153}, Inconclusive},
		{Interval{1.01, 0.97, 1.05}, Pass},
		{Interval{1.15, 1.09, 1.30}, Regression},
		{Interval{0.6, 0.5, 0.7}, Better},
		{Interval{0.95, 0.94, 0.97}, Better},
		{Interval{0.99, 0.985, 0.995}, Pass}, // certain, and of no size
	} {
		r := Row{Metric: Metrics()[0], Pairs: 9, Ratio: c.ratio}
		if r.judge(0.08); r.Verdict != c.want {
			t.Errorf("%v is %s, want %s", c.ratio, r.Verdict, c.want)
		}
	}
}

// TestNeeded wants about four times the pairs where the noise is twice the budget.
func TestNeeded(t *testing.T) {
	r := Row{Metric: Metrics()[0], Pairs: 10, Ratio: Interval{1, 0.9, 1.1},
		Noise: Interval{1, 1 / (1.08 * 1.08), 1.08 * 1.08}}
	r.judge(0.08)
	if r.Verdict != Inconclusive || r.Needed != 40 {
		t.Errorf("%+v", r)
	}
}

func TestMissing(t *testing.T) {
	before, after := runs(rand.New(rand.NewPCG(1, 2)), 7, 10, 0),
		runs(rand.New(rand.NewPCG(1, 2)), 7, 10, 0)
	after[3].Server = nil
	if rows := Judge(Metrics(), before, after, nil, 0.08); len(rows) != 3 {
		t.Errorf("%d rows where the CPU of one run is not known, want 3", len(rows))
	}
	if v := Overall(nil); v != Inconclusive {
		t.Errorf("nothing judged is %s", v)
	}
}

func TestText(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rows := Judge(Metrics(), runs(rng, 9, 10, 0.01), runs(rng, 9, 11.5, 0.01), runs(rng, 9, 10, 0.2),
		0.08)
	var b bytes.Buffer
	rows = append(rows, Judge([]Metric{P99}, nil, nil, nil, 0.08)...)
	Print(&b, rows)
	summary := Summary{Title: "v2 (b0b) against v1 (a1a)", Verdict: "inconclusive",
		Machine: "A machine, 2 cores",
		Facts:   []string{"pass: a fact"}, Load: "9 pairs", Budget: 0.08, Rows: rows}
	if err := summary.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	const name = "testdata/text.golden"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", b.Bytes(), want)
	}
}

// TestOf wants p99 judged of the open loop alone, and the rate of the closed one alone.
func TestOf(t *testing.T) {
	for rate, want := range map[float64]string{0: "CPU/request p50 requests/s",
		3300: "CPU/request p50 p99"} {
		var names []string
		for _, m := range Of(record.Settings{Rate: rate}) {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("at %v requests/s: %s, want %s", rate, got, want)
		}
	}
}

// TestValid wants a pair left out in which one run is invalid.
func TestValid(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	arms := [][]*record.Result{runs(rng, 3, 10, 0), runs(rng, 3, 10, 0)}
	arms[1][1].Invalid = []string{"late"}
	valid := Valid(arms)
	if len(valid[0]) != 2 || len(valid[1]) != 2 || valid[0][1] != arms[0][2] ||
		valid[1][1] != arms[1][2] {
		t.Errorf("%v", valid)
	}
}
