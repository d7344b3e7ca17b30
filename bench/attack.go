package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"videotoken/bench/internal/attack"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// runAttack runs attacks, one after another, against this revision's service.
func runAttack(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	s := attack.Default()
	f := flag.NewFlagSet("attack", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, "usage: go run ./bench attack [flags] NAME...\n\n")
		for _, a := range attack.Attacks {
			fmt.Fprintf(stderr, "  %-12s %s.\n  %-12s Bounds: %s.\n", a.Name, a.Does, "", a.Bounds)
		}
		fmt.Fprintln(stderr)
		f.PrintDefaults()
	}
	f.IntVar(&s.Rounds, "rounds", s.Rounds, "rounds of the attacks that compare two instances")
	f.Var((*seconds)(&s.Rest), "rest",
		"well-behaved load at rest in each round, in seconds or as in 500ms")
	f.Var((*seconds)(&s.Duration), "d",
		"well-behaved load under attack in each round, in seconds or as in 500ms")
	f.Float64Var(&s.Rate, "R", s.Rate, "well-behaved requests a second for each instance")
	f.IntVar(&s.Bodies, "bodies", s.Bodies,
		"how many of the costliest bodies json sends; the 9,985 open brackets are the first")
	f.Var((*counts)(&s.Attackers), "attackers",
		"connections of pipeline and chunked, one run for each number")
	f.IntVar(&s.Crowd, "crowd", s.Crowd,
		"connections of memory; fewer if this process may not have so many descriptors")
	f.IntVar(&s.Descriptors, "descriptors", s.Descriptors,
		"the service's limit of descriptors in descriptors")
	f.IntVar(&s.Held, "held", s.Held, "connections of headers, bodies, readers and idle; fewer "+
		"if this process may not have so many descriptors")
	f.IntVar(&s.Films, "films", s.Films, "connections of signatures, each with a film of its own")
	short := f.Bool("short", false,
		"a few seconds an attack, with fewer clients; other flags for sizes have no meaning then")
	binary := f.String("binary", "",
		"attack this binary of the service instead of one built from the files as they are")
	if err := f.Parse(args); err != nil {
		return errUsage // the flag package has said what is wrong
	}
	if f.NArg() == 0 {
		f.Usage()
		return errUsage
	}
	if *short {
		s.Short()
	}
	if s.Rounds < 1 || s.Rest <= 0 || s.Duration <= 0 || s.Rate <= 0 || s.Crowd < 1 || s.Held < 1 ||
		s.Bodies < 1 || s.Films < 1 || s.Descriptors < 64 {
		return fmt.Errorf("attack: -rounds, -rest, -d, -R, -bodies, -crowd, -held and -films " +
			"must be above 0, -descriptors at least 64")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		s.Service, s.Out, s.Flooder = service, stdout, []string{self, "flood"}
		s.Worst = filepath.Join(root, "internal", "document", "testdata", "worst")
		if s.Binary = *binary; s.Binary == "" {
			s.Binary = filepath.Join(dir, "videotoken")
			if err := subject.Build(ctx, root, ".", s.Binary); err != nil {
				return err
			}
		}
		var errs []error
		for _, name := range f.Args() {
			errs = append(errs, s.Run(ctx, name))
		}
		return errors.Join(errs...)
	})
}

// flood is the process that floods for an attack.
func flood(ctx context.Context, stdout, _ io.Writer, _ []string) error {
	return attack.ServeFlood(ctx, os.Stdin, stdout)
}
