package load

import "time"

// Pacer is the schedule of an open loop: when the request of each index is due. It is a pure function of its rate, so
// that workers share one without sharing anything.
type Pacer struct {
	Rate float64 // requests a second, above 0
}

// Due is when the request of index i is due, since the start of the run.
func (p Pacer) Due(i int64) time.Duration {
	return time.Duration(float64(i) / p.Rate * float64(time.Second))
}

// Count is how many requests are due before d.
func (p Pacer) Count(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	n := int64(d.Seconds() * p.Rate)
	for n > 0 && p.Due(n-1) >= d { // either way of rounding may be off by one
		n--
	}
	for p.Due(n) < d {
		n++
	}
	return n
}
