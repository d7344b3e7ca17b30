package cdn

import "sync/atomic"

// schedule is a round of turns that repeats. The order is computed once; taking a turn is one
// atomic addition.
type schedule struct {
	order []uint16 // the index of the CDN whose turn it is
	_     [64]byte // the counter is written by every request: a cache line of its own
	turn  atomic.Uint64
	_     [64]byte
}

func (s *schedule) next() int { return int(s.order[(s.turn.Add(1)-1)%uint64(len(s.order))]) }

// smooth is nginx's smooth weighted round-robin, run for one whole round: each turn, everyone gains
// its weight, who has most goes, and pays the total. Weights 5, 1, 1 give 0 0 1 0 2 0 0 and not 0 0
// 0 0 0 1 2.
func smooth(weights []int) []uint16 {
	divisor, total := 0, 0
	for _, w := range weights {
		divisor = gcd(w, divisor)
		total += w
	}
	order := make([]uint16, total/divisor)
	credit := make([]int, len(weights))
	for turn := range order {
		most := 0
		for i, w := range weights {
			credit[i] += w
			if credit[i] > credit[most] {
				most = i
			}
		}
		credit[most] -= total
		order[turn] = uint16(most)
	}
	return order
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
