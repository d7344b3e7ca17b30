package subject

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Machine is what all cores of the machine did since it started.
type Machine struct {
	// Processes is the CPU time of all processes, user and system time. Interrupts are left out:
	// they belong to no process.
	Processes time.Duration
	// Stolen is the time in which the hypervisor ran other virtual machines.
	Stolen time.Duration
	// All is the time that all cores had, idle or not.
	All time.Duration
	// Load is the load average of the last minute: how many threads ran or waited for a core.
	Load float64
}

// errMachine is the error of a machine whose CPU times cannot be read.
var errMachine = errors.New("the machine's CPU times cannot be read")

// tick is the unit of /proc/stat. The kernel reports in USER_HZ, which is 100 on every Linux.
const tick = 10 * time.Millisecond

// ReadMachine reads /proc/stat and /proc/loadavg, which Linux alone has.
func ReadMachine() (Machine, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, fmt.Errorf("%w: %w", errMachine, err)
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return Machine{}, fmt.Errorf("%w: %w", errMachine, err)
	}
	return parseMachine(string(stat), string(load))
}

// parseMachine reads the first lines of the two files as proc(5) describes them.
func parseMachine(stat, load string) (m Machine, err error) {
	first, _, _ := strings.Cut(stat, "\n")
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Sscanf(first, "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle,
		&iowait, &irq, &softirq, &steal); err != nil {
		return m, fmt.Errorf("%w: %q in /proc/stat: %w", errMachine, first, err)
	}
	if _, err := fmt.Sscan(load, &m.Load); err != nil {
		return m, fmt.Errorf("%w: %q in /proc/loadavg: %w", errMachine, load, err)
	}
	m.Processes = time.Duration(user+nice+system) * tick
	m.Stolen = time.Duration(steal) * tick
	m.All = time.Duration(user+nice+system+idle+iowait+irq+softirq+steal) * tick
	return m, nil
}
