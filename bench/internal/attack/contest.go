package attack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// contest is two identical instances, one of which is attacked.
type contest struct {
	name   string
	attack Flood
	// calm is the load of the instance that is not attacked. Without one the two instances are
	// compared at the same time; with one they take turns. See the package's documentation.
	calm     *Flood
	p50, p99 float64 // the bounds, as ratios to the instance that is not attacked

	command subject.Command // starts an instance; without arguments as the service is started
	// begun is called once, before the first round. It may be nil.
	begun func(attacked *subject.Process) error
	// late has the attack begin after the well-behaved clients: there is no room for them later. It
	// is for a contest without calm.
	late bool
	// refused demands that attackers are answered: they ask for nothing, so they are refused.
	refused bool
}

// warmedUp is for how long well-behaved clients ask before a late attack.
const warmedUp = 200 * time.Millisecond

// round is what well-behaved clients saw in one round.
type round struct {
	rest, attacked, beside latency
	hostile, calm          flooded
}

// flooded is what an instance did under a flood.
type flooded struct {
	answers float64 // to the flood, a second
	cores   float64 // that the instance's process took, 0 where that cannot be read
}

// contest runs the rounds of a contest with fresh processes and judges them.
func (s *Site) contest(ctx context.Context, c contest) error {
	if len(c.command.Args) == 0 {
		c.command = s.Service.Command(s.Binary)
	}
	attacked, err := subject.Start(ctx, c.command)
	if err != nil {
		return err
	}
	defer attacked.Stop()
	beside, err := subject.Start(ctx, c.command)
	if err != nil {
		return err
	}
	defer beside.Stop()
	if c.begun != nil {
		if err := c.begun(attacked); err != nil {
			return err
		}
	}
	c.attack.URL = attacked.URL
	if c.calm != nil {
		c.calm.URL = beside.URL
	}
	var rounds []round
	for i := range s.Rounds {
		r, err := s.round(ctx, c, attacked, beside)
		if err != nil {
			return fmt.Errorf("%s: round %d: %w", c.name, i+1, err)
		}
		rounds = append(rounds, r)
		if r.attacked.failed > 0 {
			break // a bound is broken, and each such round takes long
		}
	}
	s.judge(c, rounds)
	return nil
}

func (s *Site) round(ctx context.Context, c contest,
	attacked, beside *subject.Process) (r round, err error) {
	if r.rest, _, err = s.goodAtBoth(ctx, attacked, beside, s.Rest); err != nil {
		return r, err
	}
	if c.calm == nil {
		well := func() (err error) {
			r.attacked, r.beside, err = s.goodAtBoth(ctx, attacked, beside, s.Duration)
			return err
		}
		if !c.late {
			r.hostile, err = s.under(ctx, c.attack, attacked, well)
			return r, err
		}
		var good sync.WaitGroup
		var errGood error
		good.Go(func() { errGood = well() })
		time.Sleep(warmedUp) // their connections are open and busy
		r.hostile, err = s.under(ctx, c.attack, attacked, func() error {
			good.Wait()
			return errGood
		})
		good.Wait()
		return r, errors.Join(err, errGood)
	}
	r.hostile, err = s.under(ctx, c.attack, attacked, func() (err error) {
		r.attacked, err = s.good(ctx, attacked, s.Duration)
		return err
	})
	if err != nil {
		return r, err
	}
	r.calm, err = s.under(ctx, *c.calm, beside, func() (err error) {
		r.beside, err = s.good(ctx, beside, s.Duration)
		return err
	})
	return r, err
}

// under calls a function while a flood runs against an instance.
func (s *Site) under(ctx context.Context, f Flood, p *subject.Process,
	measured func() error) (flooded, error) {
	flood, err := s.flood(ctx, f)
	if err != nil {
		return flooded{}, err
	}
	began := time.Now()
	before, cpuErr := subject.CPU(p.PID())
	err = measured()
	after, cpuErr2 := subject.CPU(p.PID())
	took := time.Since(began)
	done, stopErr := flood.stop()
	r := flooded{answers: float64(done.Answers) / max(done.Seconds, 1e-9)}
	if cpuErr == nil && cpuErr2 == nil {
		r.cores = (after - before).Seconds() / took.Seconds()
	}
	return r, errors.Join(err, stopErr)
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
		return median(rounds, func(r round) float64 {
			return float64(of(a(r))) / float64(max(of(b(r)), 1))
		})
	}
	p50 := func(l latency) time.Duration { return l.p50 }
	p99 := func(l latency) time.Duration { return l.p99 }
	hit := func(r round) latency { return r.attacked }
	quiet := func(r round) latency { return r.beside }
	rest := func(r round) latency { return r.rest }
	fmt.Fprintf(s.Out, "to the attacked one at rest: p50 %.3g x, p99 %.3g x\n",
		ratio(hit, rest, p50), ratio(hit, rest, p99))
	flood := func(who string, of func(round) flooded) {
		fmt.Fprintf(s.Out, "%s got %.0f answers/s, for which the service took %.2f cores\n", who,
			median(rounds, func(r round) float64 { return of(r).answers }),
			median(rounds, func(r round) float64 { return of(r).cores }))
	}
	flood("the attackers", func(r round) flooded { return r.hostile })
	if c.calm != nil {
		flood("the well-behaved", func(r round) flooded { return r.calm })
	}
	var failed int64
	for _, r := range rounds {
		failed += r.attacked.failed
	}
	r50, r99 := ratio(hit, quiet, p50), ratio(hit, quiet, p99)
	s.bound(r50 <= c.p50, "%s: p50 is %.3g x that %s; at most %.3g x", c.name, r50, other, c.p50)
	s.bound(r99 <= c.p99, "%s: p99 is %.3g x that %s; at most %.3g x", c.name, r99, other, c.p99)
	s.bound(failed == 0, "%s: %d well-behaved requests without a right answer within %v; "+
		"none may be", c.name, failed, patience)
	if c.refused {
		s.bound(slices.ContainsFunc(rounds, func(r round) bool { return r.hostile.answers > 0 }),
			"%s: attackers are refused", c.name)
	}
	fmt.Fprintln(s.Out)
}

func text(ns float64) string { return report.Duration(time.Duration(ns)) }
