package load

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// The policies of sched(7): under schedRR a thread that can run runs, before all threads of the normal policy.
const (
	schedNormal = 0
	schedRR     = 2
)

// realtime puts this process before those of the normal policy, or among them again. The arrivals of an open loop
// stand for users, whom a server that wants every core does not delay. It is every thread, for a loop may have to wait
// for a lock of the Go scheduler that another one holds; threads that start later take it over. It needs a privilege;
// without it, the loop's lag tells.
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
