package load

import "time"

// Pacer is the schedule of an open loop: when the request of each index is due. It is a pure
// function of the rate, so that workers need no common state.
type Pacer struct {
	Rate float64 // requests a second, above 0
}

// Due returns when the request with index i is due, since the start of the run.
func (p Pacer) Due(i int64) time.Duration {
	return time.Duration(float64(i) / p.Rate * float64(time.Second))
}

// Count returns how many requests are due before d.
func (p Pacer) Count(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	n := int64(d.Seconds() * p.Rate)
	for n > 0 && p.Due(n-1) >= d { // rounding can be off by one
		n--
	}
	for p.Due(n) < d {
		n++
	}
	return n
}
