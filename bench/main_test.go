package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// bench runs a command as main does.
func bench(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = run(&out, &errs, args)
	return out.String(), errs.String(), err
}

func answer(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	})
}

// TestBaseline runs the baseline's command line, shorter, with `bench run` in place of autocannon.
func TestBaseline(t *testing.T) {
	body, err := os.ReadFile("testdata/baseline.json")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		select {
		case asked <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-type") + " " + string(b):
		default:
		}
		fmt.Fprint(w, "{}")
	}))
	defer s.Close()
	dir := t.TempDir()
	stdout, stderr, err := bench("run", "-o", dir, "-m", "POST", "-b", string(body), "-H",
		"Content-type: application/json",
		"-c", "20", "-p", "1", "-d", "1", "--renderStatusCodes", s.URL+"/video/token")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if got, want := <-asked, "POST /video/token application/json "+string(body); got != want {
		t.Errorf("asked %s", got)
	}
	for _, want := range []string{"│ Latency ", "│ Req/Sec ", "│ Bytes/Sec │", "│ 200  │", "99.99%",
		"Not compared with the baseline", "Harness CPU"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	f, err := report.Read(filepath.Join(dir, "run.json"))
	if err != nil || len(f.Results) != 1 || f.Results[0].Load.Connections != 20 ||
		f.Results[0].Requests == 0 {
		t.Errorf("%+v, error %v", f, err)
	}
	for _, name := range []string{"run.html", "run.hgrm", "run.vegeta.gob"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if stderr != "" {
		t.Errorf("where there is no terminal, %q", stderr)
	}
}

// TestProfile takes a profile of this process, in the place of the server: a file that pprof reads,
// and a flame graph.
func TestProfile(t *testing.T) {
	s := httptest.NewServer(answer(200, "{}"))
	defer s.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	admin := httptest.NewServer(mux)
	defer admin.Close()
	dir := t.TempDir()
	if _, stderr, err := bench("run", "-profile", "-admin", admin.URL, "-o", dir, "-d", "1", "-c", "2",
		s.URL); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	f, err := os.Open(filepath.Join(dir, "run.pprof"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if p, err := profile.Parse(f); err != nil || len(p.Sample) == 0 {
		t.Errorf("run.pprof: %v, %v", p, err)
	}
	if graph, err := os.ReadFile(filepath.Join(dir, "run.flame.html")); err != nil ||
		!bytes.Contains(graph, []byte("net/http.(*conn).serve")) {
		t.Errorf("run.flame.html has %d bytes, and not the server: %v", len(graph), err)
	}
	for admin, want := range map[string]string{"": "needs -admin", s.URL + "/x": "no profile"} {
		if _, _, err := bench("run", "-profile", "-admin", admin, "-o", dir, "-d", "1",
			s.URL); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-admin %q: %v", admin, err)
		}
	}
}

// TestWrong has servers that answer wrongly: the run fails, and says why.
func TestWrong(t *testing.T) {
	wrongToken :=
		`{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","title":"Big Buck Bunny","sources":[` +
			`{"src":"https://d111.cdn.example/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCd","size":1080,"type":"video/mp4"},` +
			`{"src":"https://d111.cdn.example/Big_Buck_Bunny_720p_surround_FrostWire.com.mp4?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCd","size":720,"type":"video/mp4"}]}`
	for name, c := range map[string]struct {
		h    http.Handler
		want string
	}{
		"500":            {answer(500, "oops"), "status 500"},
		"another length": {answer(200, "{}"), "a body of 2 bytes where"},
		"wrong token":    {answer(200, wrongToken), "wrong answer: token: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(c.h)
			defer s.Close()
			stdout, _, err := bench("run", "-o", "", "-m", "POST", "-i", "testdata/baseline.json", "-config",
				"testdata/service.yaml",
				"-c", "2", "-d", "200ms", s.URL+"/video/token")
			if !errors.Is(err, record.ErrFailed) || status(err) != 1 ||
				!strings.Contains(stdout, "FAILED") || !strings.Contains(stdout, c.want) {
				t.Errorf("error %v, want %q\n%s", err, c.want, stdout)
			}
		})
	}
}

// TestInvalid asks for more than a generator can send.
func TestInvalid(t *testing.T) {
	s := httptest.NewServer(answer(200, "ok"))
	defer s.Close()
	stdout, _, err := bench("run", "-o", "", "-c", "500", "-R", "3000000", "-d", "300ms", "-t", "3",
		s.URL)
	if status(err) == 0 || !strings.Contains(stdout, "INVALID") ||
		!strings.Contains(stdout, "Meanwhile: ") {
		t.Errorf("error %v\n%s", err, stdout)
	}
}

// TestMisspelled wants the command that was meant, and the list of all where none is similar.
func TestMisspelled(t *testing.T) {
	for name, want := range map[string]string{
		"rnu":      `bench: unknown command "rnu": did you mean "run"?`,
		"nonsense": `bench: unknown command "nonsense"` + "\n",
	} {
		if _, stderr, err := bench(name); status(err) != 1 || !strings.HasPrefix(stderr, want) ||
			!strings.Contains(stderr, "usage: ") {
			t.Errorf("%s: error %v, %q", name, err, stderr)
		}
	}
}

// TestPage writes the page of a recorded result again, twice the same.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	var pages [2][]byte
	for i := range pages {
		name := filepath.Join(dir, "report.html")
		if _, stderr, err := bench("page", "-o", name, "testdata/report.json"); err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		var err error
		if pages[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pages[0], pages[1]) || !bytes.Contains(pages[0], []byte("Throughput over time")) {
		t.Errorf("two pages of one result: %d and %d bytes", len(pages[0]), len(pages[1]))
	}
	if f, err := report.Read("testdata/report.json"); err != nil || len(f.Results) != 2 ||
		errors.Join(f.Results[0].Sound(), f.Results[1].Sound()) != nil {
		t.Errorf("the recorded result is not of two valid runs: %v, %v", f, err)
	}
	for _, args := range [][]string{{"page"}, {"page", "testdata/none.json"}} {
		if _, _, err := bench(args...); status(err) != 1 {
			t.Errorf("%q: error %v", args, err)
		}
	}
}

// TestPicture wants the picture of that page in the README, and small.
func TestPicture(t *testing.T) {
	f, err := os.Open("../docs/report.png")
	if err != nil {
		t.Fatalf("%v; make bench-picture", err)
	}
	defer f.Close()
	if c, err := png.DecodeConfig(f); err != nil || c.Width != 1180 {
		t.Errorf("docs/report.png: %d pixels wide, error %v, want 1180", c.Width, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() > 200_000 {
		t.Errorf("docs/report.png has %d bytes, want at most 200,000; error %v", info.Size(), err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil || !bytes.Contains(readme, []byte("](docs/report.png)")) {
		t.Errorf("the README does not show docs/report.png; error %v", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"nonsense"}, {"run", "-nonsense"}, {"seed", "extra"},
		{"run", "-c", "0", "http://127.0.0.1:1"},
		{"compare", "one"}, {"gate", "-pairs", "3"}, {"gate", "-patch", "x"},
		{"run", "-H", "nonsense", "http://127.0.0.1:1"}} {
		if _, _, err := bench(args...); status(err) != 1 {
			t.Errorf("%q: error %v", args, err)
		}
	}
}

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, n int, cpu float64, change func(*report.File)) string {
		f := &report.File{Schema: report.Schema, Commit: name, Machine: report.Machine{CPU: "x"}}
		for range n {
			f.Results = append(f.Results, &record.Result{Name: "seed",
				Load:   record.Settings{Connections: 1000, BodySHA256: "a"},
				Server: &record.Server{CPUMicros: cpu}, Latency: record.Distribution{P50: 100, P99: 200},
				RequestsPerSecond: record.Rates{Avg: 1000}})
		}
		if change != nil {
			change(f)
		}
		path := filepath.Join(dir, name+".json")
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, old1 := write("old", 7, 10, nil), write("old1", 1, 10, nil)
	for _, c := range []struct {
		name     string
		old, new string
		flags    []string
		want     int
		says     string
	}{
		{"the same", old, write("same", 7, 10.2, nil), nil, 0, "verdict: pass"},
		{"faster", old, write("faster", 7, 8, nil), nil, 0, "verdict: better"},
		{"a little faster", old, write("little", 7, 9.5, nil), nil, 0, "verdict: better"},
		{"slower", old, write("slower", 7, 11.5, nil), nil, 99, "verdict: regression"},
		{"one pair", old1, write("one", 1, 11.5, nil), nil, 2, ""},
		{"one pair, the same", old1, write("one1", 1, 10.1, nil), nil, 0, ""},
		{"another machine", old, write("machine", 7, 10, func(f *report.File) { f.Machine.CPU = "y" }),
			nil, 1, ""},
		{"another machine, forced", old, write("forced", 7, 10, func(f *report.File) {
			f.Machine.CPU = "y"
		}), []string{"-force"}, 0, "forced: "},
		{"another load", old, write("load", 7, 10, func(f *report.File) {
			f.Results[3].Load.Connections = 10
		}), nil, 1, ""},
		{"another body", old, write("body", 7, 10, func(f *report.File) {
			f.Results[0].Load.BodySHA256 = "b"
		}), nil, 1, ""},
		{"fewer runs", old, old1, nil, 1, ""},
		{"a run that failed", old, write("failed", 7, 10, func(f *report.File) {
			f.Results[0].Errors = map[string]int64{"x": 1}
		}), nil, 1, ""},
		{"no such file", old, filepath.Join(dir, "none"), nil, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, _, err := bench(append(append([]string{"compare"}, c.flags...), c.old, c.new)...)
			if status(err) != c.want || !strings.Contains(stdout, c.says) {
				t.Errorf("exit %d, want %d and %q: %v\n%s", status(err), c.want, c.says, err, stdout)
			}
		})
	}
}
