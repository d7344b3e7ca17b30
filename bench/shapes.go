package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"videotoken/bench/internal/judge"
	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// shapeFlags are the flags of the command shapes.
type shapeFlags struct {
	*flag.FlagSet
	rounds      int
	length      seconds
	connections int
	only        string
}

func newShapeFlags(stderr io.Writer) *shapeFlags {
	f := &shapeFlags{FlagSet: flag.NewFlagSet("shapes", flag.ContinueOnError),
		length: seconds(2 * time.Second)}
	f.SetOutput(stderr)
	f.IntVar(&f.rounds, "rounds", 5,
		"interleaved rounds, of which the median is told; 6 and more have an interval")
	f.Var(&f.length, "d", "length of one run")
	f.IntVar(&f.connections, "c", 100, "connections, except where a row says otherwise")
	f.StringVar(&f.only, "only", "",
		"regular expression of the rows that are measured beside the plain one")
	return f
}

// parse parses the flags and returns the shapes they choose, the plain one first.
func (f *shapeFlags) parse(args []string) ([]*shape, error) {
	if err := f.Parse(args); err != nil {
		return nil, errUsage
	}
	if f.rounds < 1 || f.length <= 0 || f.connections < 1 || f.NArg() > 0 {
		return nil,
			errors.New("shapes: want -rounds and -c of 1 or more, a -d above 0, and flags only")
	}
	only, err := regexp.Compile(f.only)
	if err != nil {
		return nil, fmt.Errorf("shapes: -only: %w", err)
	}
	chosen := chooseShapes(func(s *shape) bool { return only.MatchString(s.name) })
	if len(chosen) == 1 {
		return nil, fmt.Errorf("shapes: -only %q matches no row", f.only)
	}
	return chosen, nil
}

// shapes measures this service under requests of other shapes than the baseline's.
func shapes(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	f := newShapeFlags(stderr)
	all, err := f.parse(args)
	if err != nil {
		return err
	}
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		binary := filepath.Join(dir, "videotoken")
		if err := subject.Build(ctx, root, ".", binary); err != nil {
			return err
		}
		at := &place{dir: dir, binary: binary, service: service, connections: f.connections,
			length: time.Duration(f.length)}
		if err := at.measure(ctx, stderr, f.rounds, all); err != nil {
			return err
		}
		machine := report.ThisMachine()
		fmt.Fprintf(stdout,
			"Median of %d interleaved rounds of %v over %d connections, on %s, %d cores, which "+
				"the load shares.\n",
			f.rounds, time.Duration(f.length), f.connections, machine.CPU, machine.Cores)
		shapeTable(stdout, all)
		return nil
	})
}

// shapeTable writes the table: CPU of the service's process, and its ratio to the plain row's.
func shapeTable(w io.Writer, all []*shape) {
	fmt.Fprintln(w, "\n| | CPU/request | to plain | at most | requests/s |\n|---|---|---|---|---|")
	for _, s := range all {
		if s.missing != "" {
			fmt.Fprintf(w, "| %s | not measured: %s | | | |\n", s.name, s.missing)
			continue
		}
		cpu, rate, most := "not known", "not known", ""
		if v, ok := judge.CPU.Median(s.runs); ok {
			cpu = judge.CPU.Text(v)
		}
		if v, ok := judge.Rate.Median(s.runs); ok {
			rate = judge.Rate.Text(v)
		}
		ratio := "1"
		if s != all[0] {
			ratio = pairs(judge.CPU, all[0].runs, s.runs)
		}
		if s.most > 0 {
			most = fmt.Sprintf("%.2f", s.most)
		}
		fmt.Fprintln(w, strings.Join([]string{"| " + s.name, cpu, ratio, most, rate + " |"}, " | "))
	}
}

// place is where shapes are measured.
type place struct {
	dir, binary string
	service     *measure.Service
	connections int
	length      time.Duration
}

// measure measures shapes in interleaved rounds.
func (at *place) measure(ctx context.Context, stderr io.Writer, rounds int, all []*shape) error {
	for _, s := range all {
		if err := s.prepare(ctx, at); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for round, s := range interleaved(rounds, all) {
		if s.missing != "" {
			continue
		}
		fmt.Fprintf(stderr, "round %d of %d: %s\n", round, rounds, s.name)
		if err := s.measure(ctx, at); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// measure measures a fresh process of the service. Every answer must have status 200, and where the
// shape's answers can be checked, they are in full.
func (s *shape) measure(ctx context.Context, at *place) error {
	listen := "{listen}"
	if s.front != "" {
		listen = s.front
	}
	p, err := subject.Start(ctx, subject.Command{Ready: "/healthz",
		Args: []string{at.binary, "-config", s.file, "-listen", listen, "-admin", "{admin}"}})
	if err != nil {
		return err
	}
	defer p.Stop()
	url, body := p.URL, s.text
	if s.renews {
		if body, err = s.renewal(at); err != nil {
			return err
		}
	}
	l := load.Load{Connections: at.connections, Warmup: 500 * time.Millisecond, Duration: at.length,
		Length: -1}
	if s.connections > 0 {
		l.Connections = s.connections
	}
	if s.answer != nil {
		l.Length, l.Check = s.answer.Length, s.answer.Check
	}
	var roots trust
	if s.front != "" {
		front, err := startFront(ctx, at.dir, p.URL)
		if err != nil {
			return err
		}
		defer front.Stop()
		url, roots = front.url, front.trust
	}
	t, err := load.NewTarget("POST", url+s.path, append([]string{measure.JSON}, s.headers...), body)
	if err != nil {
		return err
	}
	t.Roots = roots
	m, err := measure.Run(ctx, measure.Spec{Name: s.name, Target: t, Load: l, PID: p.PID()})
	if err := errors.Join(err, p.Alive()); err != nil {
		return err
	}
	if err := m.Sound(); err != nil && !errors.Is(err, record.ErrInvalid) {
		return err
	}
	s.runs = append(s.runs, m.Result)
	return nil
}

// renewal is the body that renews a URL, which the service's command signs by the same keys.
func (s *shape) renewal(at *place) ([]byte, error) {
	out, err := exec.Command(at.binary, "sign", "-config", s.file, "-cdn", "aws-1",
		"-session", "00112233aabbccdd", "-renew", "4h", "/film.mp4").Output()
	if err != nil {
		return nil, fmt.Errorf("a URL to renew: %w", err)
	}
	return fmt.Appendf(nil, `{"url":%q}`, strings.TrimSpace(string(out))), nil
}
