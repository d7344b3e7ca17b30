package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
	"videotoken/bench/internal/truth"
)

// allocations is how many allocations a request may have on average. Fewer come from the runtime
// and the scrapes.
const allocations = 0.01

var errGate = errors.New("the gate failed")

// gate checks a revision: first exact facts, then the minimum set by the baseline, then
// regressions.
func gate(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	d := newDuel(stderr, "gate")
	short := d.Bool("short", false, "only the exact facts and the minimum, which need no -base")
	update := d.Bool("update", false, "accept the present response as the expected one")
	if err := d.parse(args); err != nil {
		return err
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		head, base := filepath.Join(dir, "head"), ""
		var err error
		if *short {
			err = subject.Build(ctx, root, ".", head)
		} else {
			base, head, err = d.binaries(ctx, root, dir)
		}
		if err != nil {
			return err
		}
		if err := d.identify(ctx, root); err != nil {
			return err
		}
		var found bytes.Buffer
		err = exact(ctx, io.MultiWriter(stdout, &found), service, head, root, *update)
		facts := strings.Split(strings.TrimSpace(found.String()), "\n")
		if err != nil || *short {
			verdict := "pass"
			if err != nil {
				verdict = "failed"
			}
			return errors.Join(err, d.writeMarkdown(d.summary(verdict, facts)))
		}
		b, err := d.fight(ctx, stderr, service, base, head, base) // base again, to tell the noise
		if err != nil {
			return err
		}
		return d.judge(stdout, args, b, facts)
	})
}

// exact checks what needs no comparison: the response's bytes, and the facts.
func exact(ctx context.Context, said io.Writer, service *measure.Service, binary, root string,
	update bool) error {
	golden := filepath.Join(root, "bench", "testdata", "response.golden")
	if err := response(ctx, said, service, binary, golden, update); err != nil {
		return err
	}
	l := measure.Seed()
	l.Warmup, l.Duration = time.Second, 3*time.Second
	r, err := service.Measure(ctx, binary, "seed", l)
	if err != nil {
		return err
	}
	return facts(said, r)
}

// response compares one response with the golden file, with tokens, date and CDN masked.
func response(ctx context.Context, stdout io.Writer, service *measure.Service,
	binary, golden string, update bool) error {
	p, err := service.Start(ctx, binary)
	if err != nil {
		return err
	}
	defer p.Stop()
	t, err := load.NewTarget("POST", p.URL+measure.Path,
		[]string{measure.JSON, "Host: bench.example"}, service.Body)
	if err != nil {
		return err
	}
	raw, err := t.Fetch(ctx)
	if err != nil {
		return err
	}
	got := truth.Mask(raw)
	if update {
		return os.WriteFile(golden, got, 0o644)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		return fmt.Errorf("%w; `bench gate -short -update` writes it", err)
	}
	if !bytes.Equal(got, want) {
		fmt.Fprintln(stdout, "FAIL: the response's bytes changed")
		return fmt.Errorf("%w: the response's bytes changed; `bench gate -short -update` accepts "+
			"it\ngot\n%s\nwant\n%s", errGate, got, want)
	}
	fmt.Fprintln(stdout, "pass: the response's bytes are unchanged")
	return nil
}

// facts checks what needs no statistics: no allocations, and better figures than the baseline
// throughout.
func facts(stdout io.Writer, r *record.Result) error {
	baseline := report.Baseline
	var failed error
	check := func(ok bool, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if ok {
			fmt.Fprintln(stdout, "pass:", text)
			return
		}
		fmt.Fprintln(stdout, "FAIL:", text)
		failed = errors.Join(failed, fmt.Errorf("%w: %s", errGate, text))
	}
	check(r.Server.Allocs >= 0 && r.Server.Allocs < allocations,
		"%.4f allocations a request, under %v is none", r.Server.Allocs, allocations)
	check(r.RequestsPerSecond.Avg >= report.BaselineRate,
		"%.0f requests/s over %d connections, at least the baseline's %d",
		r.RequestsPerSecond.Avg, r.Load.Connections, report.BaselineRate)
	for _, c := range []struct {
		name         string
		ours, theirs time.Duration
	}{{"p50", r.Latency.P50, baseline.Latency.P50}, {"p97.5", r.Latency.P97_5,
		baseline.Latency.P97_5}, {"p99", r.Latency.P99, baseline.Latency.P99}} {
		check(c.ours < c.theirs, "%s %s, below the baseline's %s", c.name, report.Duration(c.ours),
			report.Duration(c.theirs))
	}
	return failed
}
