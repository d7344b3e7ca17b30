package attack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// patience is how long a well-behaved client waits for an answer.
const patience = time.Second

// wellBehaved is how many connections the well-behaved load has.
const wellBehaved = 64

// latency is what well-behaved clients saw.
type latency struct {
	p50, p99 time.Duration
	// requests without a right answer; they count as if answered after patience
	failed int64
	lag    time.Duration // p99 of how late the load generator was by its own fault
}

// good runs the well-behaved load against an instance: an open loop, every answer checked.
func (s *Site) good(ctx context.Context, p *subject.Process, d time.Duration) (latency, error) {
	return s.goodWhile(ctx, p, d, nil)
}

// goodWhile is good, and calls begin, if it is not nil, as the window begins.
func (s *Site) goodWhile(ctx context.Context, p *subject.Process, d time.Duration,
	begin func()) (latency, error) {
	spec, err := s.Service.Spec("good", p, load.Load{Connections: wellBehaved, Rate: s.Rate,
		Warmup: 200 * time.Millisecond, Duration: d, Timeout: patience, Begin: begin})
	if err != nil {
		return latency{}, err
	}
	spec.PID, spec.Admin = 0, "" // what the service spends is not asked for
	m, err := measure.Run(ctx, spec)
	if err != nil {
		return latency{}, errors.Join(err, p.Alive())
	}
	var l latency
	for _, n := range m.Errors {
		l.failed += n
	}
	h := m.Recorder.Latency
	_ = h.RecordValues(int64(patience), l.failed) // within the histogram's range
	l.p50, l.p99 = time.Duration(h.ValueAtPercentile(50)), time.Duration(h.ValueAtPercentile(99))
	l.lag = time.Duration(m.Recorder.Lag.ValueAtPercentile(99))
	return l, p.Alive()
}

// goodAtBoth runs the well-behaved load against two instances at the same time.
func (s *Site) goodAtBoth(ctx context.Context, a, b *subject.Process,
	d time.Duration) (la, lb latency, err error) {
	var all sync.WaitGroup
	var errA, errB error
	all.Go(func() { la, errA = s.good(ctx, a, d) })
	all.Go(func() { lb, errB = s.good(ctx, b, d) })
	all.Wait()
	return la, lb, errors.Join(errA, errB)
}

// median is the median of one figure of each round.
func median[R any](rounds []R, figure func(R) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = figure(r)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
