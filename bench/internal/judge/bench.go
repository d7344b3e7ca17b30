package judge

import (
	"os"

	"golang.org/x/perf/benchfmt"

	"videotoken/bench/internal/report"
)

// WriteBench writes a file's results in the Go benchmark format, one line a run, for benchstat.
func WriteBench(name string, f *report.File) (err error) {
	w, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := w.Close(); err == nil {
			err = cerr
		}
	}()
	bw := benchfmt.NewWriter(w)
	for _, r := range f.Results {
		line := &benchfmt.Result{Name: benchfmt.Name(r.Name), Iters: int(r.Requests)}
		line.SetConfig("commit", f.Commit)
		line.SetConfig("cpu", f.Machine.CPU)
		for _, m := range Metrics() {
			line.Values = append(line.Values, benchfmt.Value{Value: m.Of(r), Unit: m.Unit})
		}
		if err := bw.Write(line); err != nil {
			return err
		}
	}
	return nil
}
