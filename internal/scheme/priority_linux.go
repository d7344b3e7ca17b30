package scheme

import "syscall"

// lower is how much lower than the process's the priority of a hand is, as nice(1) counts. The
// kernel gives such a thread about a tenth of a processor that others want all of (sched(7)): a
// request still gets its signature, and the collector, which has to stop the thread, does not wait
// long.
const lower = 10

// giveWay lowers the priority of the calling thread: for Linux a process of setpriority(2) is one.
func giveWay() {
	// The system call returns 20 less the nice value, so that no value is an error.
	priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return
	}
	// lower is always allowed
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, min(20-priority+lower, 19))
}
