package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"videotoken/bench/internal/judge"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// bout has the runs of a duel, by binary and pair.
type bout struct {
	closed [][]*record.Result
	open   [][]*record.Result // of the valid pairs
}

// fight measures binaries interleaved, each of them once a round: first in a closed loop, which
// tells what a request costs, then in an open loop, which tells how long users wait.
func (d *duel) fight(ctx context.Context, stderr io.Writer, service *measure.Service,
	binaries ...string) (*bout, error) {
	rounds := measure.Rounds{Pairs: d.pairs, Turn: d.turn, Load: d.load, Progress: func(pair int) {
		fmt.Fprintf(stderr, "closed loop, pair %d of %d\n", pair+1, d.pairs)
	}}
	closed, err := service.Interleave(ctx, rounds, binaries...)
	if err != nil {
		return nil, err
	}
	rounds.Load.Rate = report.BaselineRate
	rounds.Progress = func(pair int) {
		fmt.Fprintf(stderr, "open loop, pair %d of %d\n", pair+1, d.pairs)
	}
	open, err := service.Interleave(ctx, rounds, binaries...)
	if err != nil {
		return nil, err
	}
	for _, r := range open[0] {
		if len(r.Invalid) > 0 {
			fmt.Fprintln(stderr, "a pair is left out:", r.Sound())
		}
	}
	return &bout{closed, judge.Valid(open)}, nil
}

// rows judges head against base. A third arm is base again, and shows the noise. A closed loop
// hides stalls, and its p99 is mostly noise, so that p99 is judged of the open loop.
func (b *bout) rows(budget float64) []judge.Row {
	arms := func(of [][]*record.Result) (base, head, again []*record.Result) {
		if len(of) > 2 {
			again = of[2]
		}
		return of[0], of[1], again
	}
	base, head, again := arms(b.closed)
	rows := judge.Judge(judge.Closed(), base, head, again, budget)
	tail := judge.P99
	tail.Name += fmt.Sprintf(" at %d/s", report.BaselineRate)
	base, head, again = arms(b.open)
	return append(rows, judge.Judge([]judge.Metric{tail}, base, head, again, budget)...)
}

// judge prints the verdict and writes the files. facts are the exact ones that were found before.
func (d *duel) judge(stdout io.Writer, args []string, b *bout, facts []string) error {
	rows := b.rows(d.budget)
	verdict := judge.Overall(rows)
	s := d.summary(string(verdict), facts)
	s.Rows = rows
	s.Load = fmt.Sprintf("%d interleaved pairs of fresh processes, %v each, over %d connections: "+
		"CPU/request, p50 and requests/s in a"+
		" closed loop; p99 in an open loop at %d requests/s, %d of %d pairs valid.", d.pairs,
		d.load.Duration, d.load.Connections,
		report.BaselineRate, len(b.open[0]), d.pairs)
	fmt.Fprintf(stdout, "%s\n%s\n%s\n", s.Title, s.Machine, s.Load)
	judge.Print(stdout, rows)
	if err := d.writeMarkdown(s); err != nil {
		return err
	}
	if d.out != "" {
		if err := d.write(args, b); err != nil {
			return err
		}
	}
	return conclude(stdout, verdict)
}

// summary is what there is to tell without a comparison.
func (d *duel) summary(verdict string, facts []string) *judge.Summary {
	title := d.headName
	if d.baseName != "" {
		title += " against " + d.baseName
	}
	return &judge.Summary{Title: title, Verdict: verdict, Machine: report.ThisMachine().String(),
		Facts: facts, Budget: d.budget}
}

// writeMarkdown writes the file for a pull request anew: two runs' verdicts in one file would
// contradict each other.
func (d *duel) writeMarkdown(s *judge.Summary) (err error) {
	if d.markdown == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(d.markdown), 0o755); err != nil {
		return fmt.Errorf("-markdown: %w", err)
	}
	f, err := os.Create(d.markdown)
	if err != nil {
		return fmt.Errorf("-markdown: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	return s.Markdown(f)
}

// write writes two files for each revision: one for `bench compare` and one for benchstat.
func (d *duel) write(args []string, b *bout) error {
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	for i, commit := range []string{d.baseName, d.headName} {
		name := filepath.Join(d.out, d.Name()+[]string{"-base", "-head"}[i])
		f := newFile(append([]string{d.Name()}, args...), commit)
		f.Results = append(append(f.Results, b.closed[i]...), b.open[i]...)
		if err := f.Write(name + ".json"); err != nil {
			return err
		}
		if err := judge.WriteBench(name+".txt", f); err != nil {
			return err
		}
	}
	return nil
}
