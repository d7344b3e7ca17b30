package transport

import (
	"runtime"
	"sync"
)

// processors are Go's (GOMAXPROCS), of which the process has one more while there are loops: loops keep theirs while
// they wait, and everything else needs one of its own.
var processors struct {
	mu    sync.Mutex
	users int
}

// cpus is how many processors there are without it.
func cpus() int {
	processors.mu.Lock()
	defer processors.mu.Unlock()
	return runtime.GOMAXPROCS(0) - min(processors.users, 1)
}

func oneMoreProcessor() (restore func()) {
	processors.mu.Lock()
	defer processors.mu.Unlock()
	if processors.users == 0 {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	processors.users++
	return func() {
		processors.mu.Lock()
		defer processors.mu.Unlock()
		processors.users--
		if processors.users == 0 {
			runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - 1)
		}
	}
}
