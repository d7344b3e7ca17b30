package measure

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// hush is the runtime's settings as they were before the first of the runs that are under way.
var hush struct {
	sync.Mutex
	runs    int
	percent int
	limit   int64
	procs   int
}

// quiet keeps the harness's own runtime from delaying its event loops, until the returned function is called: garbage
// is left alone below a gigabyte, and there is always a processor for a loop that comes back from waiting.
func quiet() (done func()) {
	hush.Lock()
	defer hush.Unlock()
	if hush.runs++; hush.runs == 1 {
		hush.percent = debug.SetGCPercent(-1)
		hush.limit = debug.SetMemoryLimit(1 << 30)
		hush.procs = runtime.GOMAXPROCS(runtime.NumCPU() + 4)
	}
	return func() {
		hush.Lock()
		defer hush.Unlock()
		if hush.runs--; hush.runs == 0 {
			debug.SetGCPercent(hush.percent)
			debug.SetMemoryLimit(hush.limit)
			runtime.GOMAXPROCS(hush.procs)
		}
	}
}
