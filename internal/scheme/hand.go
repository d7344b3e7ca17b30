package scheme

import (
	"runtime"
	"sync"
)

// hand makes signatures on an operating-system thread of its own, whose priority is lower than that
// of the event loops: the kernel runs them first, and the thread when they wait. What has locks or
// wakes requests is left to others, who would wait for the thread as long as it does not run.
type hand struct {
	misses chan *Miss
	made   chan signed
}

// signed is what became of a signature.
type signed struct {
	signature []byte
	err       error
}

// hands is how many hands there are: one for two processors, so that the event loops keep the
// others.
var hands = max(1, runtime.NumCPU()/2)

// moreProcessors gives Go a processor more for each hand (GOMAXPROCS). A thread that the kernel
// does not run keeps the one that it has, and nobody else is to wait for that.
var moreProcessors = sync.OnceFunc(func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + hands) })

func newHand() *hand {
	h := &hand{make(chan *Miss), make(chan signed)}
	go h.run()
	return h
}

// sign has a signature made.
func (h *hand) sign(m *Miss) ([]byte, error) {
	h.misses <- m
	one := <-h.made
	return one.signature, one.err
}

// run makes signatures for as long as the process lives. The thread is never unlocked, so that no
// other goroutine gets its priority.
func (h *hand) run() {
	runtime.LockOSThread()
	moreProcessors()
	giveWay()
	for m := range h.misses {
		signature, err := m.key.sign(m.message)
		h.made <- signed{signature, err}
	}
}
