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

// Rounds says how binaries are measured in turns.
type Rounds struct {
	Pairs int           // number of pairs, each with fresh processes
	Turn  time.Duration // how long one binary is loaded before the next
	// Load is the load of each binary. Its durations do not include the others' turns; they are
	// rounded up to whole turns.
	Load load.Load
	// Progress is called before each pair.
	Progress func(pair int)
}

// Interleave measures binaries of the service in turns if the load is a closed loop, and at the
// same time if it is an open one: a request that is due cannot wait for a turn, and the rate leaves
// room for several. It returns the results by binary, one for each pair. If a run fails, it returns
// an error; the run of an open loop may be invalid.
func (s *Service) Interleave(ctx context.Context, r Rounds,
	binaries ...string) ([][]*record.Result, error) {
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

// pair measures a fresh process of each binary, in turns. The order rotates from pair to pair, so
// that none is always first.
func (s *Service) pair(ctx context.Context, r Rounds, pair int,
	binaries []string) ([]*record.Result, error) {
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
	turns := l.Rate == 0
	own := r.whole(l.Duration)
	if turns {
		l.Warmup, l.Duration = r.whole(l.Warmup)*time.Duration(n), own*time.Duration(n)
	}
	// a few thousand connections take a tenth of it, on a free machine
	start := time.Now().Add(2 * time.Second)
	results := make([]*record.Result, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for arm, p := range arms {
		all.Go(func() {
			mine, name := l, "open"
			if turns {
				mine.Turns, name = &load.Turns{Start: start, Index: place(arm), Of: n,
					Each: r.Turn}, "seed"
			}
			spec, err := s.Spec(name, p, mine)
			if err != nil {
				errs[arm] = err
				return
			}
			spec.Admin = "" // a scrape would take CPU time in another's turn
			m, err := sound(ctx, spec, p)
			if errors.Is(err, record.ErrInvalid) {
				err = nil
			}
			if errs[arm] = err; err != nil {
				return
			}
			results[arm] = m.Result
			if turns {
				m.RequestsPerSecond.Scale(float64(n)) // it had one turn in n
				m.BytesPerSecond.Scale(float64(n))
				// On the average: the whole seconds of the window need not have as many turns of
				// each.
				m.RequestsPerSecond.Avg = float64(m.Requests) / own.Seconds()
				m.BytesPerSecond.Avg = float64(m.Bytes) / own.Seconds()
			}
		})
	}
	all.Wait()
	return results, errors.Join(errs...)
}

// whole rounds a duration up to whole turns, so that each binary has the same number.
func (r Rounds) whole(d time.Duration) time.Duration {
	return (d + r.Turn - 1) / r.Turn * r.Turn
}
