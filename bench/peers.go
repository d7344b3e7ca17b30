package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// peer is a server that is measured beside this service.
type peer struct {
	name    string
	command subject.Command
	missing string // why it cannot be measured
	runs    [3][]*record.Result
}

// peers measures this service beside what does the same and what does less.
func peers(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(stderr)
	rounds := f.Int("rounds", 5, "interleaved rounds, of which the median is told")
	length := seconds(2 * time.Second)
	f.Var(&length, "d", "length of one run")
	if err := f.Parse(args); err != nil {
		return errUsage
	}
	if *rounds < 1 || f.NArg() > 0 {
		return errors.New("peers: want -rounds of 1 or more, and flags only")
	}
	l := load.Load{Warmup: time.Second, Duration: time.Duration(length), Length: -1}
	loads := [3]load.Load{l, l, l}
	loads[0].Connections, loads[1].Connections, loads[2].Connections = 100, 1000, 1000
	loads[2].Rate = report.NotesRate
	return workshop(ctx, func(root, dir string, service *measure.Service) error {
		all, err := line(ctx, root, dir, service)
		if err != nil {
			return err
		}
		for round := range *rounds {
			for i := range all {
				p := all[i]
				if round%2 == 1 {
					p = all[len(all)-1-i]
				}
				if p.missing != "" {
					continue
				}
				fmt.Fprintf(stderr, "round %d of %d: %s\n", round+1, *rounds, p.name)
				if err := p.measure(ctx, service, loads); err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
			}
		}
		fmt.Fprintf(stdout, "Median of %d interleaved rounds of %v, the notes' body, on %s, %d cores, which the load shares.\n\n", *rounds,
			time.Duration(length), report.ThisMachine().CPU, report.ThisMachine().Cores)
		table(stdout, all)
		return nil
	})
}

// line builds the peers, this service third. One that cannot be built for want of Node is kept, to be said so.
func line(ctx context.Context, root, dir string, service *measure.Service) ([]*peer, error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(
		subject.Build(ctx, root, ".", at("videotoken")),
		subject.Build(ctx, filepath.Join(root, "bench"), "./peers/nethttp", at("nethttp")),
		subject.Build(ctx, filepath.Join(root, "bench"), "./peers/bare", at("bare")),
	)
	if err != nil {
		return nil, err
	}
	express := &peer{name: "the notes' system, rebuilt: Express", missing: install(ctx, filepath.Join(root, "bench", "peers", "express")),
		command: subject.Command{Args: []string{"node", filepath.Join(root, "bench", "peers", "express", "server.js"), "{listen}"},
			Env: []string{"NODE_ENV=production"}}}
	return []*peer{
		express,
		{name: "net/http, encoding/json, SHA-256", command: subject.Command{Args: []string{at("nethttp"), "-listen", "{listen}"}}},
		{name: "**videotoken**", command: service.Command(at("videotoken"))},
		{name: "bare fasthttp, as many bytes: the floor", command: subject.Command{
			Args: []string{at("bare"), "-listen", "{listen}", "-bytes", strconv.Itoa(service.Answer.Length)}}},
	}, nil
}

// install installs what the Express peer needs, and returns why it could not.
func install(ctx context.Context, dir string) (missing string) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed"
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--silent")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("npm ci in bench/peers/express: %v: %s", err, strings.TrimSpace(string(out)))
	}
	return ""
}

// measure measures a fresh process under each of the loads. This service's answers are checked in full, a peer's as
// far as HTTP goes.
func (p *peer) measure(ctx context.Context, service *measure.Service, loads [3]load.Load) error {
	proc, err := subject.Start(ctx, p.command)
	if err != nil {
		return err
	}
	defer proc.Stop()
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

// table writes the table of the README.
func table(w io.Writer, all []*peer) {
	fmt.Fprintln(w, "| | CPU/request, 100 connections | requests/s | CPU/request, 1000 connections | requests/s | p99 at 3300/s |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, p := range all {
		if p.missing != "" {
			fmt.Fprintf(w, "| %s | not measured: %s | | | | |\n", p.name, p.missing)
			continue
		}
		fmt.Fprintf(w, "| %s |", p.name)
		for i := range 2 {
			cpu := middle(p.runs[i], func(r *record.Result) float64 { return 1e3 * r.Server.CPUMicros })
			rate := middle(p.runs[i], func(r *record.Result) float64 { return r.RequestsPerSecond.Avg })
			fmt.Fprintf(w, " %s | %s |", report.Duration(time.Duration(cpu)), report.Count(rate))
		}
		p99 := middle(p.runs[2], func(r *record.Result) float64 { return float64(r.Latency.P99) })
		invalid := 0
		for _, r := range p.runs[2] {
			invalid += min(1, len(r.Invalid))
		}
		note := ""
		if invalid > 0 {
			note = fmt.Sprintf(" (%d of %d runs invalid)", invalid, len(p.runs[2]))
		}
		fmt.Fprintf(w, " %s%s |\n", report.Duration(time.Duration(p99)), note)
	}
}

func middle(runs []*record.Result, of func(*record.Result) float64) float64 {
	v := make([]float64, len(runs))
	for i, r := range runs {
		v[i] = of(r)
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
