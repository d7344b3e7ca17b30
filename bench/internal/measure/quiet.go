package measure

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// saved has the runtime's settings from before the first of the runs in progress.
var saved struct {
	sync.Mutex
	runs    int
	percent int
	limit   int64
	procs   int
}

// quiet keeps the Go runtime of this process from delaying its event loops, until the returned
// function is called: garbage is collected only above a gigabyte, and there are spare processors
// for loops that return from a wait.
func quiet() (done func()) {
	saved.Lock()
	defer saved.Unlock()
	if saved.runs++; saved.runs == 1 {
		saved.percent = debug.SetGCPercent(-1)
		saved.limit = debug.SetMemoryLimit(1 << 30)
		saved.procs = runtime.GOMAXPROCS(runtime.NumCPU() + 4)
	}
	return func() {
		saved.Lock()
		defer saved.Unlock()
		if saved.runs--; saved.runs == 0 {
			debug.SetGCPercent(saved.percent)
			debug.SetMemoryLimit(saved.limit)
			runtime.GOMAXPROCS(saved.procs)
		}
	}
}
