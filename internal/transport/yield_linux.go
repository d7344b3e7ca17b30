package transport

import (
	"time"
	_ "unsafe" // for go:linkname
)

// yieldAfter is how long a busy loop runs before it yields. Go's scheduler interrupts a goroutine
// that has run for 10 ms: it puts the goroutine into the queue of all processors and wakes another
// thread, which often takes it before its own thread does. The loops of a busy server then move
// from thread to thread, and the kernel runs two of them on one CPU for a while. That made the 99th
// percentile half as long again.
const yieldAfter = 4 * time.Millisecond

// yield lets the other goroutines of the processor run, once in yieldAfter.
func (l *loop) yield(now time.Time) {
	if now.Sub(l.yielded) >= yieldAfter {
		l.yielded = now
		goyield()
	}
}

// goyield is runtime.Gosched for the goroutines of one processor: the caller stays in its thread.
// The runtime keeps it for packages that use it by its name (go.dev/issue/67401).
//
//go:linkname goyield runtime.goyield
func goyield()
