package load

import "time"

// Turns has closed loops on several servers go one at a time, each for a short while: what the machine does for longer
// than a turn falls on all of them alike. Every round begins with the next one, so that each has every place as often:
// with two, ABBA. It is a pure function of the time since a start that the loops share.
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

// Next is when the next turn of any loop begins, in nanoseconds since the start.
func (t *Turns) Next(now int64) int64 { return (now/int64(t.Each) + 1) * int64(t.Each) }
