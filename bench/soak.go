package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"videotoken/bench/internal/growth"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/mixture"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// soak offers a constant rate for a long time, samples the server, and fails if one of its figures
// grows.
func soak(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	l := measure.Open()
	l.Warmup, l.Duration = 5*time.Second, 10*time.Minute
	o := newOptions(stderr, "soak", l)
	o.results = false // the requests of a whole night would fill a disk
	every := seconds(0)
	o.Var(&every, "every", "between two samples of the server (0: a hundredth of -d, at least 1s)")
	share := o.Float64("share", 0,
		"offer this share of the highest rate with p99 under 5 ms, which is searched first")
	mixed := o.Bool("mix", false,
		"besides the load every scheme, renewals, revocations, verifications, reloads,\n"+
			"mistakes and clients that come and go; the warm-up is a quarter of -d unless -W "+
			"says another")
	if err := o.parse(args, 0); err != nil {
		return err
	}
	if *mixed && !o.isGiven("W", "warmup") {
		// What the mixture makes the server keep fills within minutes: a cache, pools, the heap.
		o.load.Warmup = max(o.load.Warmup, o.load.Duration/4)
	}
	if every == 0 {
		every = seconds(max(o.load.Duration/100, time.Second))
	}
	if o.load.Duration/time.Duration(every) < growth.Least {
		return fmt.Errorf("soak: -d %v has fewer than %d samples, one every %v: a slope of "+
			"fewer is chance", o.load.Duration,
			growth.Least, time.Duration(every))
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		binary := filepath.Join(dir, "videotoken")
		if err := subject.Build(ctx, root, ".", binary); err != nil {
			return err
		}
		if *share > 0 {
			highest, err := sustained(ctx, stdout, service, binary, searched(), 5*time.Millisecond,
				0.05)
			if err != nil {
				return err
			}
			o.load.Rate = *share * highest
			fmt.Fprintf(stdout, "soak: %s requests/s, which is %v of the highest rate, %s\n",
				report.Count(o.load.Rate), *share, report.Count(highest))
		}
		var mix *mixture.Mixture
		if *mixed {
			var err error
			if mix, err = mixture.New(ctx, service, binary, dir); err != nil {
				return err
			}
		}
		p, err := service.Start(ctx, binary)
		if err != nil {
			return err
		}
		defer p.Stop()
		spec, err := service.Spec("soak", p, o.load)
		if err != nil {
			return err
		}
		var series growth.Series
		draw := progress(stderr, "soak", o.load)
		var sampling, mixing error
		spec.Watch = func(rec *record.Recorder) func() {
			done := func() {}
			if draw != nil && o.progress {
				done = draw(rec)
			}
			stop := make(chan struct{})
			var beside sync.WaitGroup
			beside.Go(func() {
				sampling = series.Watch(ctx, p.Admin, o.load.Warmup, time.Duration(every), stop)
			})
			if mix != nil {
				beside.Go(func() { mixing = mix.Run(ctx, p, stop) })
			}
			return func() { close(stop); beside.Wait(); done() }
		}
		m, err := measure.Run(ctx, spec)
		if err := errors.Join(err, p.Alive(), sampling, mixing); err != nil {
			return err
		}
		for _, s := range m.Slots {
			series.Latency(s.At, s.P99)
		}
		// The slopes are told of a failed run, too: it may be why.
		failed := publish(stdout, o, newFile(append([]string{"soak"}, args...),
			subject.Commit(ctx, root)), &published{Measured: m, spec: spec})
		if mix != nil && errors.Is(failed, record.ErrInvalid) {
			fmt.Fprintf(stdout, "%v. It says nothing about latency; what follows counts.\n\n",
				failed)
			failed = nil
		}
		if o.out != "" {
			f, err := os.Create(filepath.Join(o.out, "soak.csv"))
			if err != nil {
				return err
			}
			defer f.Close()
			if err := series.WriteCSV(f); err != nil {
				return err
			}
		}
		if mix != nil {
			report.Table(stdout, mix.Rows())
		}
		slopes := series.Slopes()
		rows := [][]string{{"Figure", "First", "Last", "Trend of the run", "Of its value", "Grows"}}
		grown := 0
		for _, s := range slopes {
			if s.Grows {
				grown++
			}
			rows = append(rows, []string{s.Name, s.Text(s.First), s.Text(s.Last), s.Signed(),
				s.Share(), s.Verdict()})
		}
		report.Table(stdout, rows)
		if grown > 0 {
			return errors.Join(failed,
				fmt.Errorf("soak: %w: %d figures grow", errRegression, grown))
		}
		return failed
	})
}
