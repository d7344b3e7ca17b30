package report

import (
	"bufio"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"videotoken/bench/internal/load"
)

// WriteHgrm writes a distribution of nanoseconds as HdrHistogram's plotter reads it, in
// milliseconds.
func WriteHgrm(name string, h *hdrhistogram.Histogram) error {
	return write(name, func(w *bufio.Writer) error {
		_, err := h.PercentilesPrint(w, 5, 1e6)
		return err
	})
}

// WriteVegeta writes samples as `vegeta report` and `vegeta plot` read them. The start is that of
// the run, so that the files of several machines, whose clocks agree, merge.
func WriteVegeta(name, attack string, start time.Time, t *load.Target,
	samples []load.Sample) error {
	// vegeta numbers results in the order they began.
	samples = slices.SortedFunc(slices.Values(samples), func(a, b load.Sample) int {
		return cmp.Compare(a.Due, b.Due)
	})
	return write(name, func(w *bufio.Writer) error {
		encode := vegeta.NewEncoder(w)
		for i, s := range samples {
			r := vegeta.Result{Attack: attack, Seq: uint64(i), Code: s.Code,
				Timestamp: start.Add(time.Duration(s.Due)),
				Latency:   time.Duration(s.Done - s.Due), BytesOut: uint64(len(t.Body)),
				BytesIn: uint64(s.Bytes),
				Method:  t.Method, URL: t.URL}
			switch {
			case s.Code == 0:
				r.Error = "no answer"
			case s.Code < 200 || s.Code > 399: // as vegeta has it
				r.Error = fmt.Sprintf("%d %s", s.Code, http.StatusText(int(s.Code)))
			}
			if err := encode(&r); err != nil {
				return err
			}
		}
		return nil
	})
}

// write writes a file through a buffer.
func write(name string, content func(*bufio.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := content(w); err != nil {
		return err
	}
	return w.Flush()
}
