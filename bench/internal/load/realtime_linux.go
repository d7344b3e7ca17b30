package load

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// The policies of sched(7). A thread with schedRR runs before all threads with the normal policy.
const (
	schedNormal = 0
	schedRR     = 2
)

// realtime makes this process run before those with the normal policy, or among them again. The
// arrivals of an open loop stand for users, and a server that uses every core does not delay its
// users. It applies to every thread, because a loop may wait for a lock of the Go scheduler that
// another thread holds; threads that start later inherit it. It needs a privilege; without it, the
// reported lag is larger.
func realtime(on bool) {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedNormal}
	if on {
		attr.Policy, attr.Priority = schedRR, 1
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range threads {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.SchedSetAttr(tid, &attr, 0) // the thread may have ended
		}
	}
}
