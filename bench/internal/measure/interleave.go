package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
)

// Rounds is how binaries are measured against each other.
type Rounds struct {
	Pairs int           // each of fresh processes
	Turn  time.Duration // how long one is loaded before it is the next one's turn
	// Load is that of each, its durations without the turns of the others. They are rounded up to whole turns.
	Load load.Load
	// Progress is told of each pair before it.
	Progress func(pair int)
}

// Interleave measures binaries of the service against each other, and returns a result a pair for each of them. A run
// that fails is an error.
func (s *Service) Interleave(ctx context.Context, r Rounds, binaries ...string) ([][]*record.Result, error) {
	results := make([][]*record.Result, len(binaries))
	for pair := range r.Pairs {
		r.Progress(pair)
		one, err := s.pair(ctx, r, pair, binaries)
		if err != nil {
			return nil, fmt.Errorf("pair %d: %w", pair+1, err)
		}
		for arm, res := range one {
			results[arm] = append(results[arm], res)
		}
	}
	return results, nil
}

// pair measures a fresh process of each binary, in turns. Every pair has each of them in the next one's place, so that
// none is always first, or in the middle.
func (s *Service) pair(ctx context.Context, r Rounds, pair int, binaries []string) ([]*record.Result, error) {
	n := len(binaries)
	place := func(arm int) int { return (arm + pair) % n }
	arms := make([]*subject.Process, n)
	for i := range n {
		arm := place(i)
		p, err := s.Start(ctx, binaries[arm])
		if err != nil {
			return nil, err
		}
		defer p.Stop()
		arms[arm] = p
	}
	l := r.Load
	own := r.whole(l.Duration)
	l.Warmup, l.Duration = r.whole(l.Warmup)*time.Duration(n), own*time.Duration(n)
	start := time.Now().Add(2 * time.Second) // a few thousand connections take a tenth of it, on a free machine
	results := make([]*record.Result, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for arm, p := range arms {
		all.Go(func() {
			mine := l
			mine.Turns = &load.Turns{Start: start, Index: place(arm), Of: n, Each: r.Turn}
			spec, err := s.Spec("seed", p, mine)
			if err != nil {
				errs[arm] = err
				return
			}
			spec.Admin = "" // a scrape in one's turn is work for another
			m, err := sound(ctx, spec, p)
			if errs[arm] = err; err == nil {
				m.RequestsPerSecond.Scale(float64(n)) // it had one turn in n
				m.BytesPerSecond.Scale(float64(n))
				// On the average: the whole seconds of the window need not have as many turns of each.
				m.RequestsPerSecond.Avg = float64(m.Requests) / own.Seconds()
				m.BytesPerSecond.Avg = float64(m.Bytes) / own.Seconds()
				results[arm] = m.Result
			}
		})
	}
	all.Wait()
	return results, errors.Join(errs...)
}

// whole is a duration in whole turns, so that each has as many.
func (r Rounds) whole(d time.Duration) time.Duration {
	return (d + r.Turn - 1) / r.Turn * r.Turn
}
