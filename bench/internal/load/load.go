package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Load says how many requests are sent, and which answers are right.
type Load struct {
	Connections int
	Pipelining  int           // requests in flight on a connection; 0 counts as 1
	Rate        float64       // requests a second over all connections; 0 is a closed loop
	Warmup      time.Duration // offered, checked, and not part of the window
	Duration    time.Duration // of the window that is measured
	Timeout     time.Duration // of one request; 0 counts as 10 s
	Workers     int           // event loops; 0 counts as one for every two cores
	// Length is the length every response's body must have in bytes, or -1 for any length.
	Length int
	// Check checks the body of at least one response a second on each connection; nil accepts all.
	// It is called from every worker and must not keep the body.
	Check func(body []byte, now time.Time) error
	// Portable uses a goroutine for each connection even on Linux.
	Portable bool
	// Turns makes a closed loop on epoll take turns with others; with nil it never pauses.
	Turns *Turns
	// Begin and End are called as the window begins and ends, and may take their time; nil calls
	// nothing.
	Begin, End func()
	// Mark is called when the window begins and when it ends, on the thread of an event loop if
	// there is one, so that no answer is read between the edge of the window and the call. It must
	// be quick; nil calls nothing.
	Mark func()
}

// Sample is one request that was sent. Times are nanoseconds since the start of the run, warm-up
// included.
type Sample struct {
	Due  int64 // when it should have been sent: in a closed loop, when it was
	Sent int64 // when it was written
	Done int64 // when the last byte of its answer was read, or its connection was lost
	// the part of Sent-Due that was not spent waiting for a connection: the generator's own delay
	Lag   int64
	Bytes uint32
	Code  uint16 // of the answer, 0 if there was none
}

// Outcome is the result of a run without its samples.
type Outcome struct {
	Start time.Time // of the run; the times of samples count from here
	// Failures counts every request without a right answer, by reason. It includes the requests of
	// the warm-up, and requests that were due and never sent.
	Failures map[string]int64
	// Unsent is how many of them were due and never sent.
	Unsent int64
	// Reconnects counts connections that the server closed between requests.
	Reconnects int64
	// CPU is the CPU time of this process in the window; Busy the share of the window in which the
	// busiest worker ran.
	CPU  time.Duration
	Busy float64
}

// ErrLoad is the error of a load that cannot be offered.
var ErrLoad = errors.New("not a load")

func (l *Load) defaults() error {
	l.Pipelining = max(l.Pipelining, 1)
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	if l.Workers == 0 {
		l.Workers = max(1, runtime.NumCPU()/2)
	}
	l.Workers = min(l.Workers, l.Connections)
	switch {
	case l.Connections < 1:
		return fmt.Errorf("%w: %d connections, want at least 1", ErrLoad, l.Connections)
	case l.Duration <= 0:
		return fmt.Errorf("%w: a duration of %v, want more than 0", ErrLoad, l.Duration)
	case l.Rate < 0:
		return fmt.Errorf("%w: a rate of %v, want 0 for a closed loop or more", ErrLoad, l.Rate)
	}
	return nil
}

// run is the state that the workers of a load share. Only the atomics change after the start.
type run struct {
	Load
	*Target
	start   time.Time
	end     int64 // of the window, in nanoseconds since start
	onEpoll bool
	planned int64 // arrivals of an open loop, warm-up included
	next    atomic.Int64
	stopped atomic.Bool
	blocks  chan []Sample
	free    chan []Sample
}

// Run offers a load. About every 100 ms it calls sink with new samples, from one goroutine at a
// time; sink must not keep the slice. Run returns when every request is answered or given up, or
// when ctx ends. Failures of the server are not errors of Run: they are in the outcome.
func Run(ctx context.Context, t *Target, l Load, sink func([]Sample)) (*Outcome, error) {
	if err := l.defaults(); err != nil {
		return nil, err
	}
	r := &run{Load: l, Target: t, end: int64(l.Warmup + l.Duration),
		blocks: make(chan []Sample, 4096), free: make(chan []Sample, 4096)}
	if l.Rate > 0 {
		r.planned = Pacer{l.Rate}.Count(l.Warmup + l.Duration)
	}
	if l.Turns != nil && (l.Rate > 0 || l.Portable || !hasEpoll) {
		return nil, fmt.Errorf("%w: only closed loops over plain http on Linux take turns", ErrLoad)
	}
	loop := r.epoll
	if r.onEpoll = hasEpoll && !t.tls && !l.Portable; !r.onEpoll {
		loop = r.portable
		if l.Rate > 0 && l.Pipelining > 1 {
			return nil, fmt.Errorf("%w: pipelining in the open loop needs plain http on Linux",
				ErrLoad)
		}
	}

	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for b := range r.blocks {
			sink(b)
			select {
			case r.free <- b:
			default:
			}
		}
	}()
	clock := make(chan struct{}) // closed when every connection is open and the clock runs
	var window sync.WaitGroup
	windowed, leave := context.WithCancel(ctx)
	o := &Outcome{Failures: map[string]int64{}}
	window.Go(func() { o.CPU = r.window(windowed, clock) })
	workers, err := loop(ctx, clock)
	leave()
	window.Wait()
	close(r.blocks)
	<-collected
	if err != nil {
		return nil, err
	}
	o.Start = r.start
	for _, w := range workers {
		for f, n := range w.failures {
			o.Failures[f.String()] += n
		}
		o.Reconnects += w.reconnects
		o.Busy = max(o.Busy, w.busy)
	}
	if o.Busy == 0 {
		o.Busy = o.CPU.Seconds() / l.Duration.Seconds() / float64(runtime.GOMAXPROCS(0))
	}
	if unsent := r.planned - r.next.Load(); unsent > 0 {
		o.Unsent = unsent
		o.Failures["due and never sent: every connection was busy to the end"] += unsent
	}
	return o, ctx.Err()
}

// window calls Begin and End on time and returns the CPU time of this process between them.
func (r *run) window(ctx context.Context, clock <-chan struct{}) (cpu time.Duration) {
	until := func(at int64) bool {
		select {
		case <-time.After(time.Duration(at - r.now())):
			return true
		case <-ctx.Done():
			return false
		}
	}
	select {
	case <-clock:
	case <-ctx.Done():
		return 0
	}
	if !until(int64(r.Warmup)) {
		return 0
	}
	mark := func() {
		if r.Mark != nil && !r.onEpoll {
			r.Mark()
		}
	}
	mark()
	if r.Begin != nil {
		r.Begin()
	}
	before := processCPU()
	until(r.end)
	mark()
	cpu = processCPU() - before
	if r.End != nil {
		r.End()
	}
	return cpu
}

// now is the time since the start of the run in nanoseconds.
func (r *run) now() int64 { return int64(time.Since(r.start)) }

// dial opens one connection.
func (r *run) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: r.Timeout}
	return d.DialContext(ctx, r.network, r.addr)
}
