package record

import (
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"videotoken/bench/internal/load"
)

// digits is the number of significant decimal digits of a latency: a figure is exact to 0.1 %.
const digits = 3

// longest is the longest latency that can be recorded, in nanoseconds.
const longest = int64(time.Hour)

// Recorder collects samples, in any order. Only Progress may be called from another goroutine.
type Recorder struct {
	// Latency is from when a request was due to its answer, Service from when it was written, and
	// Lag the generator's own part of the difference; all in nanoseconds. In a closed loop the
	// first two are the same, and Lag is empty.
	Latency, Service, Lag *hdrhistogram.Histogram
	// Samples has every sample of the window if they are kept.
	Samples []load.Sample

	load  load.Load
	keep  bool
	from  int64 // of the window, in nanoseconds since the start of the run
	to    int64
	codes map[uint16]int64
	bytes int64
	// requests that the generator sent, or could not send because the server kept every connection
	// busy
	offered int64
	seconds []second
	slots   []slot
	width   int64 // of a slot in nanoseconds

	answered atomic.Int64
}

// second is what was answered in one second of the window.
type second struct{ requests, bytes int64 }

// slot is a part of the window for the curves over time.
type slot struct {
	requests int64
	latency  *hdrhistogram.Histogram
}

// New makes a recorder for a load. With keep, every sample of the window is kept: 40 bytes a
// request.
func New(l load.Load, keep bool) *Recorder {
	hist := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }
	width := max(l.Duration/300, 100*time.Millisecond)
	return &Recorder{
		Latency: hist(), Service: hist(), Lag: hist(), load: l, keep: keep,
		from: int64(l.Warmup), to: int64(l.Warmup + l.Duration), codes: map[uint16]int64{},
		seconds: make([]second, (l.Duration+time.Second-1)/time.Second),
		slots:   make([]slot, (l.Duration+width-1)/width), width: int64(width),
	}
}

// at returns the time that a sample counts for and whether that is in the window. In an open loop
// it is when the request was due, in a closed loop when it was answered.
func (r *Recorder) at(s load.Sample) (at int64, ok bool) {
	at = s.Done
	if r.load.Rate > 0 {
		at = s.Due
	}
	return at, at >= r.from && at < r.to
}

// unanswered keeps a sample without an answer. It has no latency; the outcome of the run counts it
// as failed.
func (r *Recorder) unanswered(s load.Sample) {
	if _, ok := r.at(s); ok && r.keep {
		r.Samples = append(r.Samples, s)
	}
}

// Progress returns how many requests have ended until now, including those of the warm-up.
func (r *Recorder) Progress() int64 { return r.answered.Load() }

// Add adds samples. Those outside the window are left out.
func (r *Recorder) Add(samples []load.Sample) {
	r.answered.Add(int64(len(samples)))
	for _, s := range samples {
		if s.Code == 0 {
			r.unanswered(s)
			continue
		}
		if s.Done >= r.from && s.Done < r.to {
			sec := &r.seconds[(s.Done-r.from)/int64(time.Second)]
			sec.requests++
			sec.bytes += int64(s.Bytes)
		}
		at, ok := r.at(s)
		if !ok {
			continue
		}
		// Values cannot be out of range: a request is given up long before an hour.
		_ = r.Latency.RecordValue(s.Done - s.Due)
		_ = r.Service.RecordValue(s.Done - s.Sent)
		if r.load.Rate > 0 {
			_ = r.Lag.RecordValue(s.Lag)
		}
		if ready := s.Sent - s.Lag; s.Sent < r.to || ready >= r.to {
			r.offered++
		}
		r.codes[s.Code]++
		r.bytes += int64(s.Bytes)
		sl := &r.slots[(at-r.from)/r.width]
		if sl.latency == nil {
			sl.latency = hdrhistogram.New(1000, longest, 2)
		}
		sl.requests++
		_ = sl.latency.RecordValue(s.Done - s.Due)
		if r.keep {
			r.Samples = append(r.Samples, s)
		}
	}
}
