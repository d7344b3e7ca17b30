package load

import "time"

// Turns makes closed loops on several servers run one at a time, each for a short while, so that a
// disturbance longer than a turn affects all of them. Each round begins with the next loop, so that
// none is always first: with two, ABBA. It is a pure function of the time since a common start.
type Turns struct {
	Start time.Time     // when the first turn begins; the loops' connections must be open by then
	Index int           // of this loop
	Of    int           // how many loops there are
	Each  time.Duration // of a turn
}

// Mine reports whether it is this loop's turn at a time since the start, in nanoseconds.
func (t *Turns) Mine(now int64) bool {
	turn, of := now/int64(t.Each), int64(t.Of)
	return (turn/of+turn%of)%of == int64(t.Index)
}

// Next returns when the next turn of any loop begins, in nanoseconds since the start.
func (t *Turns) Next(now int64) int64 { return (now/int64(t.Each) + 1) * int64(t.Each) }
