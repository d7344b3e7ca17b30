package measure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
)

// Spec describes one run.
type Spec struct {
	Name   string
	Target *load.Target
	Load   load.Load
	// PID is the server's process, or 0 if it is unknown; Admin the URL of its admin port, or "" if
	// it has none.
	PID   int
	Admin string
	// Keep keeps every sample.
	Keep bool
	// Watch, if it is not nil, is called with the recorder before the load begins. The function
	// that it returns is called when the load has ended.
	Watch func(*record.Recorder) (done func())
}

// Measured is a finished run.
type Measured struct {
	*record.Result
	Recorder *record.Recorder
	Start    time.Time
}

// Run performs one run.
func Run(ctx context.Context, s Spec) (*Measured, error) {
	w := &watch{ctx: ctx, pid: s.PID, admin: s.Admin}
	if err := w.calibrate(); err != nil {
		return nil, err
	}
	l := s.Load
	l.Mark, l.End = w.mark, w.end
	l.Begin = func() {
		if s.Load.Begin != nil {
			s.Load.Begin()
		}
		w.begin()
	}
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
	res.Others = w.others()
	if res.Server, err = w.server(res.Requests); err != nil {
		return nil, err
	}
	return &Measured{Result: res, Recorder: rec, Start: out.Start}, nil
}

func settings(s Spec) record.Settings {
	sum := sha256.Sum256(s.Target.Body)
	return record.Settings{URL: s.Target.URL, Method: s.Target.Method,
		BodySHA256:  hex.EncodeToString(sum[:]),
		Connections: s.Load.Connections, Pipelining: max(1, s.Load.Pipelining), Rate: s.Load.Rate,
		Warmup:   s.Load.Warmup,
		Duration: s.Load.Duration}
}

// watch reads what the server and others use during the window.
type watch struct {
	ctx      context.Context
	pid      int
	admin    string
	look     float64 // how many allocations one reading of them causes
	cpu      time.Duration
	mallocs  float64
	cpuErr   error
	adminErr error
	// What the machine and this process and the server did in the window.
	machine    subject.Machine
	own        time.Duration
	machineErr error
}

// calibrate finds out how many allocations one reading of them causes. The first readings cause
// more than later ones.
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

// mark reads the CPU time exactly at the edges of the window.
func (w *watch) mark() {
	if w.pid != 0 {
		now, err := subject.CPU(w.pid)
		w.cpu, w.cpuErr = now-w.cpu, errors.Join(w.cpuErr, err)
	}
}

// begin and end read the allocations, both equally late, so that as many requests lie between them
// as in the window. They also read what the whole machine does, which takes too long for mark.
func (w *watch) begin() {
	w.machine, w.own, w.machineErr = w.usage()
	if w.admin != "" {
		w.mallocs, w.adminErr = subject.Mallocs(w.ctx, w.admin)
	}
}

func (w *watch) end() {
	machine, own, err := w.usage()
	w.machineErr = errors.Join(w.machineErr, err)
	w.machine = subject.Machine{Processes: machine.Processes - w.machine.Processes,
		Stolen: machine.Stolen - w.machine.Stolen,
		All:    machine.All - w.machine.All, Load: machine.Load}
	w.own = own - w.own
	if w.admin != "" {
		now, err := subject.Mallocs(w.ctx, w.admin)
		w.mallocs, w.adminErr = now-w.mallocs-w.look, errors.Join(w.adminErr, err)
	}
}

// usage reads what the machine did since it started, and which part of it was this process's and
// the server's.
func (w *watch) usage() (m subject.Machine, own time.Duration, err error) {
	if m, err = subject.ReadMachine(); err != nil {
		return m, 0, err
	}
	if own, err = subject.CPU(os.Getpid()); err != nil || w.pid == 0 {
		return m, own, err
	}
	server, err := subject.CPU(w.pid)
	return m, own + server, err
}

// others returns who else was busy in the window, or nil if the kernel does not tell.
func (w *watch) others() *record.Others {
	if w.machineErr != nil {
		return nil
	}
	return record.NewOthers(w.machine.Load, w.machine.All, w.machine.Processes, w.own,
		w.machine.Stolen)
}

// server returns what was read, or nil if the process is unknown.
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
	if w.pid != 0 && w.cpuErr == nil { // otherwise the report says that it is unknown
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
