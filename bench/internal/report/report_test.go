package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
)

var update = flag.Bool("update", false, "write the golden files")

// example is a run whose every sample is made up.
func example(t *testing.T) (*record.Recorder, *record.Result) {
	t.Helper()
	l := load.Load{Rate: 1000, Duration: 3 * time.Second}
	rec := record.New(l, true)
	for i := range int64(3000) {
		due := int64(load.Pacer{Rate: 1000}.Due(i))
		rec.Add([]load.Sample{{Due: due, Sent: due + 10e3, Done: due + 10e3 + 1000*(100+i%1000),
			Lag: 10e3, Bytes: 500, Code: 200}})
	}
	res := rec.Result("open", record.Settings{URL: "http://127.0.0.1:1/video/token", Method: "POST",
		BodySHA256:  baselineBody,
		Connections: 1000, Pipelining: 1, Rate: 1000, Duration: l.Duration}, &load.Outcome{Busy: 0.25,
		CPU:      60 * time.Millisecond,
		Failures: map[string]int64{"status 500": 3}})
	res.Invalid = []string{"an example"}
	res.Others = &record.Others{Load: 9.5, CPU: 0.62}
	res.Server = &record.Server{CPUMicros: 12.34, Allocs: 0, PeakRSS: 40 << 20}
	return rec, res
}

func TestPrint(t *testing.T) {
	_, res := example(t)
	var b bytes.Buffer
	Print(&b, res)
	const name = "testdata/print.golden"
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

// TestFiles writes every file and reads it back, vegeta's by vegeta.
func TestFiles(t *testing.T) {
	rec, res := example(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	f := &File{Schema: Schema, Commit: "abc", Flags: []string{"open"}, Machine: ThisMachine(),
		Results: []*record.Result{res}}
	target, err := load.NewTarget("POST", res.Load.URL, nil, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_800_000_000, 0)
	for _, err := range []error{f.Write(at("a.json")), f.WritePage(at("a.html")),
		WriteHgrm(at("a.hgrm"), rec.Latency),
		WriteVegeta(at("a.gob"), "open", start, target, rec.Samples)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	back, err := Read(at("a.json"))
	if err != nil || back.Results[0].Latency != res.Latency || back.Machine != f.Machine {
		t.Errorf("read back %+v, error %v", back, err)
	}
	if err := os.WriteFile(at("old.json"), []byte(`{"schema":0}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(at("old.json")); err == nil || !strings.Contains(err.Error(), "schema 0") {
		t.Errorf("another schema: error %v", err)
	}

	r, err := os.Open(at("a.gob"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var m vegeta.Metrics
	for decode := vegeta.DecoderFor(r); ; {
		var one vegeta.Result
		if err := decode(&one); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		m.Add(&one)
	}
	m.Close()
	if m.Requests != 3000 || m.Success != 1 || m.Rate < 999 || m.Rate > 1001 ||
		m.Latencies.Max != res.Latency.Max.Truncate(time.Microsecond) &&
			m.Latencies.Max > res.Latency.Max {
		t.Errorf("vegeta reads %+v", m)
	}

	page, err := os.ReadFile(at("a.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "Latency by percentile", "Latency over time",
		"Throughput over time", "3 failed: status 500", "INVALID: an example",
		"Meanwhile: load average 9.5; other processes took 62 % of the CPU time"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, outside := range []string{"src=", "@import", "url(", "<link"} {
		if bytes.Contains(page, []byte(outside)) {
			t.Errorf("the page has %q: it must need nothing but itself", outside)
		}
	}
	hgrm, err := os.ReadFile(at("a.hgrm"))
	if err != nil || !bytes.Contains(hgrm, []byte("#[Max     =")) {
		t.Errorf("%s, error %v", hgrm, err)
	}
}

// TestVegetaErrors has vegeta read what failed as failed.
func TestVegetaErrors(t *testing.T) {
	target, err := load.NewTarget("GET", "http://127.0.0.1:1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.gob")
	if err := WriteVegeta(name, "open", time.Unix(1_800_000_000, 0), target, []load.Sample{
		{Due: 1, Done: 2, Code: 200}, {Due: 2, Done: 3, Code: 500}, {Due: 3, Done: 4}}); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	decode := vegeta.DecoderFor(r)
	for i, want := range []string{"", "500 Internal Server Error", "no answer"} {
		var one vegeta.Result
		if err := decode(&one); err != nil || one.Error != want {
			t.Errorf("result %d: %q, want %q; error %v", i, one.Error, want, err)
		}
	}
}

func TestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", 850: "850 ns",
		152 * time.Microsecond: "152 µs", 1234567: "1.23 ms",
		999_600: "1.00 ms", 357830 * time.Microsecond: "358 ms", 2284 * time.Millisecond: "2.28 s",
		90 * time.Second: "90.0 s"} {
		if got := Duration(d); got != want {
			t.Errorf("%d ns: %q, want %q", d, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 B", 1.23e6: "1.23 MB", 352e3: "352 kB",
		5e9: "5.00 GB"} {
		if got := Bytes(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for want, v := range map[string][2]float64{"": {1, 0}, "2.00x": {2, 1}, "0.500x": {1, 2},
		"1/20.0": {1, 20}, "0x": {0, 5}} {
		if got := Ratio(v[0], v[1]); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// TestTimesOnPage wants the service time and the generator's own lag of an open loop on the page,
// with their tails; a closed loop has neither.
func TestTimesOnPage(t *testing.T) {
	_, open := example(t)
	_, closed := example(t)
	closed.Load.Rate, closed.Service, closed.Lag = 0, nil, nil
	for _, c := range []struct {
		res  *record.Result
		open bool
	}{{open, true}, {closed, false}} {
		name := filepath.Join(t.TempDir(), "a.html")
		if err := (&File{Results: []*record.Result{c.res}}).WritePage(name); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for row, want := range map[string]bool{
			"<th>Latency</th><td>from when a request was due</td><td>134 µs</td><td>609 µs</td><td>1.08 ms</td><td>1.10 ms</td>": c.open,
			"<th>Service</th><td>from when it was sent</td><td>124 µs</td><td>599 µs</td><td>1.07 ms</td><td>1.09 ms</td>":       c.open,
			"<th>Own lag</th><td>how late the load generator itself sent it</td><td>10.0 µs</td>":                                c.open,
			"<th>Latency</th><td>from when a request was sent</td>":                                                              !c.open,
			"20.0 µs/request, busiest worker 25 % of a core":                                                                     true,
		} {
			if bytes.Contains(page, []byte(row)) != want {
				t.Errorf("open loop %v: %q on the page: want %v", c.open, row, want)
			}
		}
	}
}
