package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// highest searches the highest rate that the service sustains with p99 under a bound.
func highest(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	o := newOptions(stderr, "max", searched())
	slo := seconds(5 * time.Millisecond)
	o.Var(&slo, "slo", "the bound of p99")
	precision := o.Float64("precision", 0.05, "how near the highest rate is told, as a fraction")
	if err := o.parse(args, 0); err != nil {
		return err
	}
	if *precision <= 0 || slo <= 0 || o.load.Rate <= 0 {
		return errors.New("max: -slo, -precision and -R, where the search begins, must be above 0")
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		binary := filepath.Join(dir, "videotoken")
		if err := subject.Build(ctx, root, ".", binary); err != nil {
			return err
		}
		rate, err := sustained(ctx, stdout, service, binary, o.load, time.Duration(slo), *precision)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout,
			"highest: %s requests/s with p99 at most %v, generator and server on one machine\n",
			report.Count(rate), time.Duration(slo))
		return nil
	})
}

// searched is the load of a search, which begins at the baseline's rate.
func searched() load.Load {
	l := measure.Open()
	l.Warmup, l.Duration, l.Timeout = 500*time.Millisecond, 3*time.Second, 2*time.Second
	return l
}

// sustained returns the highest rate that a binary of the service sustains with p99 under a bound.
func sustained(ctx context.Context, stdout io.Writer, service *measure.Service, binary string,
	l load.Load, slo time.Duration, precision float64,
) (float64, error) {
	held := func(rate float64) (bool, error) {
		at := l
		at.Rate = rate
		r, err := service.Measure(ctx, binary, "max", at)
		switch {
		case errors.Is(err, record.ErrFailed) || errors.Is(err, record.ErrInvalid):
			fmt.Fprintf(stdout, "%7s/s: %v\n", report.Count(rate), err)
			return false, nil
		case err != nil:
			return false, err
		}
		fmt.Fprintf(stdout, "%7s/s: p99 %s\n", report.Count(rate), report.Duration(r.Latency.P99))
		return r.Latency.P99 <= slo, nil
	}
	rate, err := search(l.Rate, precision, held)
	if err == nil && rate == 0 {
		err = fmt.Errorf("max: p99 is over %v at every rate that was tried", slo)
	}
	return rate, err
}

// search returns the highest rate that is held, to a precision, or 0 if none is. It doubles or
// halves the first rate until one rate is held and one is not, and then bisects. A rate that is not
// held is tried once more, because a single disturbance would make the result too low.
func search(from, precision float64, held func(rate float64) (bool, error)) (float64, error) {
	twice := func(rate float64) (bool, error) {
		ok, err := held(rate)
		if ok || err != nil {
			return ok, err
		}
		return held(rate)
	}
	good, bad := 0.0, 0.0
	for rate := from; good == 0 || bad == 0; {
		ok, err := twice(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
			rate *= 2
		} else {
			bad = rate
			if rate /= 2; rate < 1 {
				return 0, nil
			}
		}
	}
	for bad/good > 1+precision {
		rate := (good + bad) / 2
		ok, err := twice(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
		} else {
			bad = rate
		}
	}
	return good, nil
}
