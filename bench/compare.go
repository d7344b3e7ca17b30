package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"videotoken/bench/internal/judge"
	"videotoken/bench/internal/report"
)

// defaultBudget is how much worse a revision may be: 8 %, which is more than the noise of most
// machines.
const defaultBudget = 0.08

// compare judges two result files.
func compare(_ context.Context, stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: bench compare [flags] OLD.json NEW.json")
		f.PrintDefaults()
	}
	force := f.Bool("force", false, "compare also what differs in machine, load or body")
	budget := f.Float64("budget", defaultBudget, "how much worse the new one may be, as a fraction")
	if err := f.Parse(args); err != nil || f.NArg() != 2 {
		if err == nil {
			f.Usage()
		}
		return errUsage
	}
	before, err := report.Read(f.Arg(0))
	if err != nil {
		return err
	}
	after, err := report.Read(f.Arg(1))
	if err != nil {
		return err
	}
	if err := judge.Comparable(before, after); err != nil && !*force {
		return fmt.Errorf("%w; -force compares them all the same", err)
	} else if err != nil {
		fmt.Fprintln(stdout, "forced:", err)
	}
	var rows []judge.Row
	for _, name := range judge.Names(before) {
		runs := judge.Named(before, name)
		r := judge.Judge(judge.Of(runs[0].Load), runs, judge.Named(after, name), nil, *budget)
		fmt.Fprintf(stdout, "%s: %s to %s\n", name, before.Commit, after.Commit)
		judge.Print(stdout, r)
		rows = append(rows, r...)
	}
	return conclude(stdout, judge.Overall(rows))
}

// conclude prints a verdict and returns the error for it.
func conclude(stdout io.Writer, v judge.Verdict) error {
	fmt.Fprintln(stdout, "verdict:", v)
	switch v {
	case judge.Regression:
		return errRegression
	case judge.Inconclusive:
		return fmt.Errorf("%w: the noise is above the budget; see above how many pairs would do",
			errInconclusive)
	}
	return nil
}
