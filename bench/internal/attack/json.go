package attack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
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
	return body{name: "9,985 open brackets", json: []byte(`{"video":{"x":` + strings.Repeat("[", 9985) + "x")}
}

// worst is how many of the costly bodies are sent while others are measured. The costs of all of
// them are measured first, one after another, which takes a fraction of a second each.
const worst = 6

// costRounds is how many rounds each of the worst bodies has at most.
const costRounds = 2

// json sends the bodies that are the costliest to parse, one after another.
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
			attack: Flood{Request: b.target.Request, Connections: parsers, Pipelining: 4}} // so that there always is another
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
		if b.target, err = load.NewTarget("POST", p.URL+measure.Path, []string{measure.JSON}, b.json); err != nil {
			return nil, err
		}
		if b.cost, err = cost(ctx, p, b.target); err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
	}
	slices.SortStableFunc(bodies[1:], func(a, b body) int { return cmp.Compare(b.cost, a.cost) })
	for _, b := range bodies {
		rows = append(rows, []string{b.name, report.Count(float64(len(b.json))), report.Duration(b.cost),
			report.Duration(b.cost / time.Duration(len(b.json)))})
	}
	report.Table(s.Out, rows)
	return bodies[:min(worst, len(bodies))], p.Alive()
}

// costTime is how long the cost of one body is measured.
const costTime = 100 * time.Millisecond

// cost is the CPU time that the service spends on a request.
func cost(ctx context.Context, p *subject.Process, t *load.Target) (time.Duration, error) {
	var before, after time.Duration
	var errs [2]error
	answers := 0
	l := load.Load{Connections: 1, Warmup: costTime / 4, Duration: costTime, Length: -1, Workers: 1,
		Begin: func() { before, errs[0] = subject.CPU(p.PID()) }, End: func() { after, errs[1] = subject.CPU(p.PID()) }}
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

// bodies are the nested one and the files of the directory Worst.
func (s *Site) bodies() ([]body, error) {
	bodies := []body{nested()}
	if s.Worst == "" {
		return bodies, nil
	}
	files, err := os.ReadDir(s.Worst)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(s.Out, "%s is not there: the nested body alone\n", s.Worst)
		return bodies, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(s.Worst, f.Name()))
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body{name: f.Name(), json: b})
	}
	if len(bodies) == 1 {
		return nil, fmt.Errorf("%s has no files: there should be costly bodies in it", s.Worst)
	}
	return bodies, nil
}
