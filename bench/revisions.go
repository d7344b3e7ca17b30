package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// duel is two revisions that are measured against each other.
type duel struct {
	*flag.FlagSet
	base, head, patch string
	pairs             int
	turn              time.Duration
	budget            float64
	markdown, out     string
	load              load.Load

	baseName, headName string // the revisions with their commits
}

// least is the smallest number of pairs that is judged.
const least = 7

func newDuel(stderr io.Writer, name string) *duel {
	d := &duel{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), load: measure.Seed()}
	d.SetOutput(stderr)
	d.load.Warmup, d.load.Duration = 400*time.Millisecond, 2*time.Second
	d.StringVar(&d.base, "base", "", "revision to compare with")
	d.StringVar(&d.head, "head", "", "revision that is judged (default: the files as they are)")
	d.StringVar(&d.patch, "patch", "", "patch to apply to -head, which must be given")
	d.IntVar(&d.pairs, "pairs", 15, "interleaved pairs, at least 7")
	d.DurationVar(&d.turn, "turn", 100*time.Millisecond,
		"how long one is loaded before it is the next one's turn")
	d.Float64Var(&d.budget, "budget", defaultBudget, "how much worse it may be, as a fraction")
	d.StringVar(&d.markdown, "markdown", "",
		"file to write a summary for a pull request to; what it has is replaced")
	d.StringVar(&d.out, "o", "bench/out", "directory of the files; \"\" writes none")
	d.IntVar(&d.load.Connections, "c", d.load.Connections, "connections")
	d.Var((*seconds)(&d.load.Duration), "d", "length of one run")
	d.Var((*seconds)(&d.load.Warmup), "W", "load before the window of each run")
	return d
}

func (d *duel) parse(args []string) error {
	if err := d.Parse(args); err != nil {
		return errUsage
	}
	switch {
	case d.NArg() > 0:
		return fmt.Errorf("%s: what is %q? It takes flags only", d.Name(), d.Arg(0))
	case d.pairs < least:
		return fmt.Errorf("%s: -pairs %d: fewer than %d have no interval worth the name", d.Name(),
			d.pairs, least)
	case d.turn < 10*time.Millisecond || d.turn > d.load.Duration:
		return fmt.Errorf("%s: -turn %v: want 10ms to the length of a run", d.Name(), d.turn)
	case d.patch != "" && d.head == "":
		return fmt.Errorf("%s: -patch needs -head: the files as they are stay as they are",
			d.Name())
	}
	return nil
}

// binaries builds both revisions into dir.
func (d *duel) binaries(ctx context.Context, root, dir string) (base, head string, err error) {
	base, head = filepath.Join(dir, "base"), filepath.Join(dir, "head")
	if d.base == "" {
		return "", "", fmt.Errorf("%s: -base (BASE=) is missing: a revision such as main or HEAD~1",
			d.Name())
	}
	if d.patch != "" {
		if d.patch, err = filepath.Abs(d.patch); err != nil {
			return "", "", err
		}
	}
	if err := subject.BuildRevision(ctx, root, d.base, "", base); err != nil {
		return "", "", err
	}
	if d.head == "" {
		return base, head, subject.Build(ctx, root, ".", head)
	}
	return base, head, subject.BuildRevision(ctx, root, d.head, d.patch, head)
}

// revisions builds two revisions and judges the second.
func revisions(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	d := newDuel(stderr, "revisions")
	if err := d.parse(args); err != nil {
		return err
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		base, head, err := d.binaries(ctx, root, dir)
		if err != nil {
			return err
		}
		if err := d.identify(ctx, root); err != nil {
			return err
		}
		b, err := d.fight(ctx, stderr, service, base, head)
		if err != nil {
			return err
		}
		return d.judge(stdout, args, b, nil)
	})
}

// identify finds out the commits of both revisions, for the title of the verdict.
func (d *duel) identify(ctx context.Context, root string) (err error) {
	name := func(revision string) (string, error) {
		hash, err := subject.Hash(ctx, root, revision)
		if err != nil || strings.HasPrefix(hash, revision) {
			return hash, err
		}
		return fmt.Sprintf("%s (%s)", revision, hash), nil
	}
	d.headName = subject.Commit(ctx, root)
	if d.head != "" {
		if d.headName, err = name(d.head); err != nil {
			return err
		}
	}
	if d.patch != "" {
		d.headName += " with " + filepath.Base(d.patch)
	}
	if d.base != "" {
		d.baseName, err = name(d.base)
	}
	return err
}

// workshop calls work with the repository's root, a temporary directory, and the service.
func workshop(ctx context.Context,
	work func(root, dir string, service *measure.Service) error) error {
	root, err := subject.Root(ctx)
	if err != nil {
		return fmt.Errorf("this command builds the service, so it runs in its repository: %w", err)
	}
	service, err := measure.NewService(root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return work(root, dir, service)
}
