package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// contest is the flags of the command peers.
type contest struct {
	*flag.FlagSet
	rounds      int
	length      seconds
	connections counts
	only        string
	out         string
}

func newContest(stderr io.Writer) *contest {
	c := &contest{FlagSet: flag.NewFlagSet("peers", flag.ContinueOnError),
		length: seconds(2 * time.Second), connections: counts{100, 1000}}
	c.SetOutput(stderr)
	c.IntVar(&c.rounds, "rounds", 5,
		"interleaved rounds, of which the median is told; 6 and more have an interval")
	c.Var(&c.length, "d", "length of one run")
	c.Var(&c.connections, "connections", "connections of the closed loops, as in 100,1000,10000")
	c.StringVar(&c.only, "only", "",
		"regular expression of the names of the peers that are measured")
	c.StringVar(&c.out, "o", "bench/out", "directory of the page, peers.html; \"\" writes none")
	return c
}

// parse parses the flags and returns the peers they choose.
func (c *contest) parse(args []string) ([]*peer, error) {
	if err := c.Parse(args); err != nil {
		return nil, errUsage
	}
	if c.rounds < 1 || c.length <= 0 || c.NArg() > 0 {
		return nil, errors.New("peers: want -rounds of 1 or more, a -d above 0, and flags only")
	}
	only, err := regexp.Compile(c.only)
	if err != nil {
		return nil, fmt.Errorf("peers: -only: %w", err)
	}
	var chosen []*peer
	var names []string
	for _, p := range lineup() {
		names = append(names, p.name)
		if only.MatchString(p.name) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("peers: -only %q matches none of %q", c.only, names)
	}
	if err := descriptors(slices.Max(c.connections)); err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	return chosen, nil
}

// descriptors returns an error if a process may not have so many connections. Every server that is
// started here raises its own limit to the hard one, as this process does.
func descriptors(connections int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(connections) + 200; need > uint64(limit.Cur) {
		return fmt.Errorf("%d connections take %d open files, and a process may have %d "+
			"here: raise it with ulimit -n",
			connections, need, limit.Cur)
	}
	return nil
}

// loads returns the closed loops in the order of the flag, and last the open loop at the baseline's
// rate.
func (c *contest) loads() []load.Load {
	l := load.Load{Warmup: 500 * time.Millisecond, Duration: time.Duration(c.length), Length: -1}
	var all []load.Load
	for _, n := range c.connections {
		l.Connections = n
		all = append(all, l)
	}
	l.Connections, l.Rate = 1000, report.BaselineRate
	return append(all, l)
}

// peers measures this service beside servers that do the same work, or less.
func peers(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	c := newContest(stderr)
	line, err := c.parse(args)
	if err != nil {
		return err
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		at := &site{root, dir, service}
		for _, p := range line {
			if err := p.prepare(at, ctx, p); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		for round, p := range interleaved(c.rounds, line) {
			if p.missing != "" {
				continue
			}
			fmt.Fprintf(stderr, "round %d of %d: %s\n", round, c.rounds, p.name)
			if err := p.measure(ctx, service, c.loads()); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		machine := report.ThisMachine()
		about := fmt.Sprintf("Median of %d interleaved rounds of %v, the baseline's body, on %s, "+
			"%d cores, which the load shares.", c.rounds,
			time.Duration(c.length), machine.CPU, machine.Cores)
		var tables strings.Builder
		standings(&tables, line, c.connections)
		if slices.ContainsFunc(line, func(p *peer) bool { return p.name == ownName }) {
			if err := c.front(ctx, &tables, stderr, at); err != nil {
				return err
			}
		}
		fmt.Fprintf(stdout, "%s\n%s", about, tables.String())
		if c.out == "" {
			return nil
		}
		page := filepath.Join(c.out, "peers.html")
		s := report.Standings{Time: time.Now(), Commit: subject.Commit(ctx, root), Machine: machine,
			About:  about,
			Charts: charts(line, c.connections), Text: tables.String()}
		if err := errors.Join(os.MkdirAll(c.out, 0o755), s.Write(page)); err != nil {
			return err
		}
		fmt.Fprintf(stderr, "Charts: %s\n", page)
		return nil
	})
}

// front measures this service behind an HAProxy that terminates TLS, and writes the table.
func (c *contest) front(ctx context.Context, w, stderr io.Writer, at *site) error {
	all := chooseShapes(func(s *shape) bool { return s.front != "" })
	behind := &place{dir: at.dir, binary: at.own(), service: at.service, connections: 100,
		length: time.Duration(c.length)}
	if err := behind.measure(ctx, stderr, c.rounds, all); err != nil {
		return err
	}
	fmt.Fprintln(w, "\n**videotoken** behind an HAProxy that terminates TLS, with 100 connections: the "+
		"CPU of its own process.")
	shapeTable(w, all)
	return nil
}

// interleaved yields the number of each round, from 1, with all of a line, in reverse order every
// other round.
func interleaved[T any](rounds int, line []T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for round := range rounds {
			for i := range line {
				if round%2 == 1 {
					i = len(line) - 1 - i
				}
				if !yield(round+1, line[i]) {
					return
				}
			}
		}
	}
}

// measure measures a fresh process under each of the loads. The answers of this service are checked
// in full. The answers of a peer are checked only as HTTP.
func (p *peer) measure(ctx context.Context, service *measure.Service, loads []load.Load) error {
	proc, err := subject.Start(ctx, p.command)
	if err != nil {
		return err
	}
	defer proc.Stop()
	if p.runs == nil {
		p.runs = make([][]*record.Result, len(loads))
	}
	for i, l := range loads {
		spec, err := service.Spec(p.name, proc, l)
		if err != nil {
			return err
		}
		if proc.Admin == "" {
			spec.Load.Length, spec.Load.Check = -1, nil
		}
		spec.Admin = "" // allocations are not compared
		m, err := measure.Run(ctx, spec)
		if err := errors.Join(err, proc.Alive()); err != nil {
			return err
		}
		if err := m.Sound(); err != nil && !errors.Is(err, record.ErrInvalid) {
			return err
		}
		p.runs[i] = append(p.runs[i], m.Result)
	}
	return nil
}

// counts is a flag of numbers above 0, with commas between them.
type counts []int

func (c *counts) String() string {
	text := make([]string, len(*c))
	for i, n := range *c {
		text[i] = strconv.Itoa(n)
	}
	return strings.Join(text, ",")
}

func (c *counts) Set(text string) error {
	*c = nil
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return fmt.Errorf("%q: want numbers above 0, with commas between them", part)
		}
		*c = append(*c, n)
	}
	return nil
}
