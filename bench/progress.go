package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
)

// progress draws a line of progress while a load runs, if w is a terminal.
func progress(w io.Writer, name string, l load.Load) func(*record.Recorder) func() {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(rec *record.Recorder) func() {
		start := time.Now()
		total := l.Warmup + l.Duration
		bar := progressbar.NewOptions64(int64(total), progressbar.OptionSetWriter(w),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false))
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for tick := time.NewTicker(200 * time.Millisecond); ; {
				select {
				case <-stop:
					tick.Stop()
					_ = bar.Finish()
					return
				case <-tick.C:
					elapsed := time.Since(start)
					phase := "warm-up"
					if elapsed > l.Warmup {
						phase = "measuring"
					}
					bar.Describe(fmt.Sprintf("%s: %-9s %9d requests", name, phase, rec.Progress()))
					// a closed terminal must not end the run
					_ = bar.Set64(int64(min(elapsed, total)))
				}
			}
		}()
		return func() { close(stop); <-stopped }
	}
}
