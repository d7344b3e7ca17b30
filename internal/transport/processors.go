package transport

import (
	"runtime"
	"sync"
)

// processors counts the servers with loops. While there are any, Go has one processor more
// (GOMAXPROCS): loops keep theirs while they wait, and everything else needs one.
var processors struct {
	mu    sync.Mutex
	users int
}

// cpus returns how many processors there are without the additional one.
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
