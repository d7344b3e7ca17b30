package measure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
)

// Spec is one run.
type Spec struct {
	Name   string
	Target *load.Target
	Load   load.Load
	// PID is the server's process, 0 where it cannot be seen; Admin the URL of its admin port, "" where it has none.
	PID   int
	Admin string
	// Keep keeps every sample.
	Keep bool
	// Watch is called with the recorder before the load begins, and what it returns when it has ended; nil calls
	// nothing.
	Watch func(*record.Recorder) (done func())
}

// Measured is a run with everything it left.
type Measured struct {
	*record.Result
	Recorder *record.Recorder
	Start    time.Time
}

// Run measures.
func Run(ctx context.Context, s Spec) (*Measured, error) {
	w := &watch{ctx: ctx, pid: s.PID, admin: s.Admin}
	if err := w.calibrate(); err != nil {
		return nil, err
	}
	l := s.Load
	l.Mark, l.Begin, l.End = w.mark, w.begin, w.end
	defer quiet()()
	rec := record.New(l, s.Keep)
	if s.Watch != nil {
		defer s.Watch(rec)()
	}
	out, err := load.Run(ctx, s.Target, l, rec.Add)
	if err != nil {
		return nil, err
	}
	res := rec.Result(s.Name, settings(s), out)
	if res.Server, err = w.server(res.Requests); err != nil {
		return nil, err
	}
	return &Measured{Result: res, Recorder: rec, Start: out.Start}, nil
}

func settings(s Spec) record.Settings {
	sum := sha256.Sum256(s.Target.Body)
	return record.Settings{URL: s.Target.URL, Method: s.Target.Method, BodySHA256: hex.EncodeToString(sum[:]),
		Connections: s.Load.Connections, Pipelining: max(1, s.Load.Pipelining), Rate: s.Load.Rate, Warmup: s.Load.Warmup,
		Duration: s.Load.Duration}
}

// watch reads what the server spends in the window.
type watch struct {
	ctx      context.Context
	pid      int
	admin    string
	look     float64 // allocations of one look at them
	cpu      time.Duration
	mallocs  float64
	cpuErr   error
	adminErr error
}

// calibrate learns what a look at the allocations allocates; the first few also allocate what later ones reuse.
func (w *watch) calibrate() error {
	if w.admin == "" {
		return nil
	}
	var last, n float64
	for range 4 {
		var err error
		last = n
		if n, err = subject.Mallocs(w.ctx, w.admin); err != nil {
			return fmt.Errorf("the admin port: %w", err)
		}
	}
	w.look = n - last
	return nil
}

// mark reads the CPU time at the very edges of the window.
func (w *watch) mark() {
	if w.pid != 0 {
		now, err := subject.CPU(w.pid)
		w.cpu, w.cpuErr = now-w.cpu, errors.Join(w.cpuErr, err)
	}
}

// begin and end look at the allocations, both as long after the edge as the other, so that as many requests are between them.
func (w *watch) begin() {
	if w.admin != "" {
		w.mallocs, w.adminErr = subject.Mallocs(w.ctx, w.admin)
	}
}

func (w *watch) end() {
	if w.admin != "" {
		now, err := subject.Mallocs(w.ctx, w.admin)
		w.mallocs, w.adminErr = now-w.mallocs-w.look, errors.Join(w.adminErr, err)
	}
}

// server is what was read, nil where the process cannot be seen.
func (w *watch) server(requests int64) (*record.Server, error) {
	if w.pid == 0 && w.admin == "" {
		return nil, nil
	}
	s := &record.Server{CPUMicros: -1, Allocs: -1, PeakRSS: -1}
	if w.adminErr != nil {
		return nil, fmt.Errorf("the admin port: %w", w.adminErr)
	}
	if requests == 0 {
		return s, nil
	}
	if w.pid != 0 && w.cpuErr == nil { // else it is not known, and said so
		s.CPUMicros = float64(w.cpu.Nanoseconds()) / 1e3 / float64(requests)
		if rss, err := subject.PeakRSS(w.pid); err == nil {
			s.PeakRSS = rss
		}
	}
	if w.admin != "" {
		s.Allocs = max(0, w.mallocs/float64(requests))
	}
	return s, nil
}
