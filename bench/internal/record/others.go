package record

import (
	"fmt"
	"time"
)

// Others is who else was busy on the machine during the window.
type Others struct {
	// Load is the load average of the last minute, at the end of the window.
	Load float64 `json:"load_average"`
	// CPU is the share of all cores' time that processes took other than the load generator and the
	// server. A server whose process is unknown counts among the others.
	CPU float64 `json:"cpu"`
	// Stolen is the share that the hypervisor gave to other virtual machines.
	Stolen float64 `json:"stolen"`
}

// NewOthers computes the shares of a window, in which all cores had so much time, all processes
// together took so much, and the generator and the server took so much of that.
func NewOthers(load float64, all, processes, own, stolen time.Duration) *Others {
	if all <= 0 {
		return nil
	}
	share := func(d time.Duration) float64 { return min(1, max(0, d.Seconds()/all.Seconds())) }
	// The kernel counts all processes in ticks of 10 ms, and one process in nanoseconds.
	return &Others{Load: load, CPU: share(processes - own), Stolen: share(stolen)}
}

func (o *Others) String() string {
	if o == nil {
		return "who else was busy is not known"
	}
	text := fmt.Sprintf("load average %.1f; other processes took %.0f %% of the CPU time", o.Load,
		100*o.CPU)
	if o.Stolen >= 0.005 {
		text += fmt.Sprintf(", other virtual machines %.0f %%", 100*o.Stolen)
	}
	return text
}
