package attack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
	"videotoken/internal/hostile"
)

// parsers is how many connections send bodies that are costly to parse.
const parsers = 8

// body is a costly body.
type body struct {
	name   string
	json   []byte
	target *load.Target
	cost   time.Duration // CPU a request
}

// nested is nested deeper than any document, and invalid at its very end.
func nested() body {
	return body{name: "9,985 open brackets",
		json: []byte(`{"video":{"x":` + strings.Repeat("[", 9985) + "x")}
}

// costRounds is how many rounds each of the worst bodies has at most.
const costRounds = 2

// json measures what each body costs, and sends the costliest while well-behaved requests are
// measured, one after another.
func (s *Site) json(ctx context.Context) error {
	bodies, err := s.bodies()
	if err != nil {
		return err
	}
	if bodies, err = s.costliest(ctx, bodies); err != nil {
		return err
	}
	all := *s
	all.Rounds = min(s.Rounds, costRounds)
	for _, b := range bodies {
		c := contest{name: fmt.Sprintf("%d connections send %s", parsers, b.name), p50: 3, p99: 10,
			// so that there always is another
			attack: Flood{Request: b.target.Request, Connections: parsers, Pipelining: 4}}
		if err := all.contest(ctx, c); err != nil {
			return err
		}
	}
	s.broken = all.broken
	return nil
}

// costliest measures what each body costs the service, prints it, and returns the worst: the first,
// and those that take the most CPU time a request, for that is how long a loop's other connections
// wait.
func (s *Site) costliest(ctx context.Context, bodies []body) ([]body, error) {
	p, err := s.Service.Start(ctx, s.Binary)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	rows := [][]string{{"body", "bytes", "CPU a request", "CPU a byte"}}
	for i := range bodies {
		b := &bodies[i]
		if b.target, err = load.NewTarget("POST", p.URL+measure.Path, []string{measure.JSON},
			b.json); err != nil {
			return nil, err
		}
		if b.cost, err = cost(ctx, p, b.target); err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
	}
	slices.SortStableFunc(bodies[1:], func(a, b body) int { return cmp.Compare(b.cost, a.cost) })
	for _, b := range bodies {
		rows = append(rows, []string{b.name, report.Count(float64(len(b.json))),
			report.Duration(b.cost),
			report.Duration(b.cost / time.Duration(len(b.json)))})
	}
	report.Table(s.Out, rows)
	return bodies[:min(s.Bodies, len(bodies))], p.Alive()
}

// costTime is how long the cost of one body is measured.
const costTime = 40 * time.Millisecond

// cost is the CPU time that the service spends on a request.
func cost(ctx context.Context, p *subject.Process, t *load.Target) (time.Duration, error) {
	var before, after time.Duration
	var errs [2]error
	answers := 0
	l := load.Load{Connections: 1, Warmup: costTime / 4, Duration: costTime, Length: -1, Workers: 1,
		Begin: func() { before, errs[0] = subject.CPU(p.PID()) }, End: func() {
			after, errs[1] = subject.CPU(p.PID())
		}}
	_, err := load.Run(ctx, t, l, func(samples []load.Sample) {
		for _, s := range samples {
			if s.Code != 0 && s.Sent >= int64(l.Warmup) {
				answers++
			}
		}
	})
	if err := errors.Join(err, errs[0], errs[1]); err != nil {
		return 0, err
	}
	if answers == 0 {
		return 0, errors.New("not one answer")
	}
	return (after - before) / time.Duration(answers), nil
}

// bodies are the nested one and those that the recipes of the directory Worst make.
func (s *Site) bodies() ([]body, error) {
	bodies := []body{nested()}
	if s.Worst == "" {
		return bodies, nil
	}
	if _, err := os.Stat(s.Worst); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(s.Out, "%s is not there: the nested body alone\n", s.Worst)
		return bodies, nil
	}
	recipes, err := hostile.Read(s.Worst)
	if err != nil {
		return nil, err
	}
	for _, r := range recipes {
		bodies = append(bodies, body{name: r.Name, json: r.Body()})
	}
	return bodies, nil
}
