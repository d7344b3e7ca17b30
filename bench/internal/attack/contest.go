package attack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// contest is two identical instances, one of which is attacked.
type contest struct {
	name   string
	attack Flood
	// calm is the load of the instance that is not attacked. Without one the two instances are compared
	// at the same time; with one they take turns. See the package's documentation.
	calm     *Flood
	p50, p99 float64 // the bounds, as ratios to the instance that is not attacked
}

// round is what well-behaved clients saw in one round.
type round struct {
	rest, attacked, beside latency
	answers                float64 // that the attackers got, a second
}

// contest runs the rounds of a contest with fresh processes and judges them.
func (s *Site) contest(ctx context.Context, c contest) error {
	attacked, err := s.Service.Start(ctx, s.Binary)
	if err != nil {
		return err
	}
	defer attacked.Stop()
	beside, err := s.Service.Start(ctx, s.Binary)
	if err != nil {
		return err
	}
	defer beside.Stop()
	c.attack.URL = attacked.URL
	if c.calm != nil {
		c.calm.URL = beside.URL
	}
	rounds := make([]round, s.Rounds)
	for i := range rounds {
		if rounds[i], err = s.round(ctx, c, attacked, beside); err != nil {
			return fmt.Errorf("%s: round %d: %w", c.name, i+1, err)
		}
	}
	s.judge(c, rounds)
	return nil
}

func (s *Site) round(ctx context.Context, c contest, attacked, beside *subject.Process) (r round, err error) {
	if r.rest, _, err = s.goodAtBoth(ctx, attacked, beside, s.Rest); err != nil {
		return r, err
	}
	if c.calm == nil {
		r.answers, err = s.under(ctx, c.attack, func() (err error) {
			r.attacked, r.beside, err = s.goodAtBoth(ctx, attacked, beside, s.Duration)
			return err
		})
		return r, err
	}
	r.answers, err = s.under(ctx, c.attack, func() (err error) {
		r.attacked, err = s.good(ctx, attacked, s.Duration)
		return err
	})
	if err != nil {
		return r, err
	}
	_, err = s.under(ctx, *c.calm, func() (err error) {
		r.beside, err = s.good(ctx, beside, s.Duration)
		return err
	})
	return r, err
}

// under calls a function while a flood runs, and returns how many answers a second the flood got.
func (s *Site) under(ctx context.Context, f Flood, measured func() error) (float64, error) {
	p, err := s.flood(ctx, f)
	if err != nil {
		return 0, err
	}
	err = measured()
	done, stopErr := p.stop()
	return float64(done.Answers) / max(done.Seconds, 1e-9), errors.Join(err, stopErr)
}

// judge prints the medians of the rounds and checks the bounds.
func (s *Site) judge(c contest, rounds []round) {
	other := "beside, at the same time"
	if c.calm != nil {
		other = fmt.Sprintf("with %d well-behaved", c.calm.Connections)
	}
	rows := [][]string{{c.name, "p50", "p99", "without an answer", "own lag p99"}}
	row := func(name string, of func(round) latency) {
		failed := 0.0
		for _, r := range rounds {
			failed += float64(of(r).failed)
		}
		rows = append(rows, []string{name,
			text(median(rounds, func(r round) float64 { return float64(of(r).p50) })),
			text(median(rounds, func(r round) float64 { return float64(of(r).p99) })),
			report.Count(failed),
			text(median(rounds, func(r round) float64 { return float64(of(r).lag) }))})
	}
	row("attacked", func(r round) latency { return r.attacked })
	row(other, func(r round) latency { return r.beside })
	row("the attacked one at rest", func(r round) latency { return r.rest })
	report.Table(s.Out, rows)

	ratio := func(a, b func(round) latency, of func(latency) time.Duration) float64 {
		return median(rounds, func(r round) float64 { return float64(of(a(r))) / float64(max(of(b(r)), 1)) })
	}
	p50 := func(l latency) time.Duration { return l.p50 }
	p99 := func(l latency) time.Duration { return l.p99 }
	hit := func(r round) latency { return r.attacked }
	quiet := func(r round) latency { return r.beside }
	rest := func(r round) latency { return r.rest }
	fmt.Fprintf(s.Out, "the attackers got %s answers/s; to the attacked one at rest: p50 %.3g x, p99 %.3g x\n",
		report.Count(median(rounds, func(r round) float64 { return r.answers })), ratio(hit, rest, p50), ratio(hit, rest, p99))
	var failed int64
	for _, r := range rounds {
		failed += r.attacked.failed
	}
	r50, r99 := ratio(hit, quiet, p50), ratio(hit, quiet, p99)
	s.bound(r50 <= c.p50, "%s: p50 is %.3g x that %s; at most %.3g x", c.name, r50, other, c.p50)
	s.bound(r99 <= c.p99, "%s: p99 is %.3g x that %s; at most %.3g x", c.name, r99, other, c.p99)
	s.bound(failed == 0, "%s: %d well-behaved requests without a right answer within %v; none may be", c.name, failed, patience)
	fmt.Fprintln(s.Out)
}

func text(ns float64) string { return report.Duration(time.Duration(ns)) }
