package attack

import (
	"context"
	"fmt"
	"sync"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// probeEvery is the pause between two probes.
const probeEvery = 50 * time.Millisecond

// probe asks for one thing again and again, each time on a new connection, so that it also tells
// whether new connections are accepted.
type probe struct {
	name   string
	target *load.Target
	want   string // how the answer begins

	asked, failed int
	slowest       time.Duration
	last          string // the last failure
	ignored       bool   // failures are not held against the service
}

// prober asks for a signed document and for the admin port's health while an attack runs.
type prober struct {
	probes []*probe
	stop   context.CancelFunc
	all    sync.WaitGroup
}

// probe starts a prober.
func (s *Site) probe(ctx context.Context, p *subject.Process) (*prober, error) {
	sign, err := s.signing(p)
	if err != nil {
		return nil, err
	}
	health, err := load.NewTarget("GET", p.Admin+"/healthz", nil, nil)
	if err != nil {
		return nil, err
	}
	const ok = "HTTP/1.1 200 "
	r := &prober{probes: []*probe{{name: "well-behaved requests", target: sign, want: ok},
		{name: "the admin port", target: health, want: ok}}}
	ctx, r.stop = context.WithCancel(ctx)
	for _, q := range r.probes {
		r.all.Go(func() { q.run(ctx) })
	}
	return r, nil
}

// signing is a well-behaved request to an instance.
func (s *Site) signing(p *subject.Process) (*load.Target, error) {
	return load.NewTarget("POST", p.URL+measure.Path, []string{measure.JSON}, s.Service.Body)
}

func (q *probe) run(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		answer, err := ask(ctx, q.target)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return // it was cut off by the end of the attack
		case err != nil:
			q.failed, q.last = q.failed+1, err.Error()
		case len(answer) < len(q.want) || string(answer[:len(q.want)]) != q.want:
			q.failed, q.last = q.failed+1, fmt.Sprintf("%.40q", answer)
		}
		q.asked++
		q.slowest = max(q.slowest, took)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// ask asks once, and waits no longer than patience.
func ask(ctx context.Context, t *load.Target) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return t.Fetch(ctx)
}

// finish stops a prober and checks that every probe was answered.
func (s *Site) finish(r *prober, during string) {
	r.stop()
	r.all.Wait()
	for _, q := range r.probes {
		if q.ignored {
			continue
		}
		note := ""
		if q.failed > 0 {
			note = "; the last failure: " + q.last
		}
		s.bound(q.failed == 0 && q.asked > 0 && q.slowest < patience,
			"%s, %s: %d of %d failed, the slowest took %v (under %v)%s",
			during, q.name, q.failed, q.asked, q.slowest.Round(10*time.Microsecond), patience, note)
	}
}
