package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// all runs both scenarios, seed and open.
func all(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	o := newOptions(stderr, "all", measure.Seed()).profiles()
	if err := o.parse(args, 0); err != nil {
		return err
	}
	rate := o.load.Rate
	if rate == 0 {
		rate = report.BaselineRate
	}
	closed, paced := o.load, o.load
	closed.Rate, paced.Rate = 0, rate
	return scenarios(ctx, stdout, stderr, o, args,
		map[string]load.Load{"seed": closed, "open": paced}, "seed", "open")
}

// seed repeats the baseline's measurement, a closed loop.
func seed(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	return scenario(ctx, stdout, stderr, "seed", measure.Seed(), args)
}

// open measures an open loop at the baseline's rate.
func open(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	return scenario(ctx, stdout, stderr, "open", measure.Open(), args)
}

func scenario(ctx context.Context, stdout, stderr io.Writer, name string, l load.Load,
	args []string) error {
	o := newOptions(stderr, name, l).profiles()
	if err := o.parse(args, 0); err != nil {
		return err
	}
	return scenarios(ctx, stdout, stderr, o, args, map[string]load.Load{name: o.load}, name)
}

// scenarios builds this revision's service and measures a fresh process under each of the loads.
func scenarios(ctx context.Context, stdout, stderr io.Writer, o *options, args []string,
	loads map[string]load.Load, names ...string) error {
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		binary := filepath.Join(dir, "videotoken")
		if err := subject.Build(ctx, root, ".", binary); err != nil {
			return err
		}
		f := newFile(append([]string{o.Name()}, args...), subject.Commit(ctx, root))
		var failed error
		for _, name := range names {
			m, err := fresh(ctx, stderr, o, service, binary, name, loads[name])
			if err != nil {
				return err
			}
			if err := publish(stdout, o, f, m); err != nil && failed == nil {
				failed = err // measure the other scenario all the same
			}
		}
		return failed
	})
}

// fresh measures a new process of the service.
func fresh(ctx context.Context, stderr io.Writer, o *options, service *measure.Service,
	binary, name string, l load.Load) (*published, error) {
	p, err := service.Start(ctx, binary)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	spec, err := service.Spec(name, p, l)
	if err != nil {
		return nil, err
	}
	return measured(ctx, stderr, o, spec, p.Alive)
}

// runAny measures any URL, or this service if none is given.
func runAny(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	o := newOptions(stderr, "run",
		load.Load{Connections: 10, Pipelining: 1, Duration: 10 * time.Second, Length: -1})
	o.profiles().request()
	if err := o.parse(args, 1); err != nil {
		return err
	}
	if o.NArg() == 0 {
		return scenarios(ctx, stdout, stderr, o, args, map[string]load.Load{"run": o.load}, "run")
	}
	body, err := o.bodyBytes()
	if err != nil {
		return err
	}
	t, err := load.NewTarget(o.method, o.Arg(0), o.headers, body)
	if err != nil {
		return err
	}
	if o.config != "" {
		service := &measure.Service{Config: o.config}
		if err := service.SetBody(body); err != nil {
			return err
		}
		o.load.Check, o.load.Length = service.Answer.Check, service.Answer.Length
	}
	spec := measure.Spec{Name: "run", Target: t, Load: o.load, PID: o.pid, Admin: o.admin}
	m, err := measured(ctx, stderr, o, spec, func() error { return nil })
	if err != nil {
		return fmt.Errorf("%s: %w", t.URL, err)
	}
	return publish(stdout, o, newFile(append([]string{"run"}, args...), "unknown"), m)
}
