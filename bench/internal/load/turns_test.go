package load

import (
	"slices"
	"testing"
	"time"
)

func TestTurns(t *testing.T) {
	var got []int
	for turn := range int64(9) {
		now := turn*int64(time.Second) + int64(turn)
		for i := range 3 {
			turns := Turns{Index: i, Of: 3, Each: time.Second}
			if turns.Mine(now) {
				got = append(got, i)
			}
			if next := turns.Next(now); next != (turn+1)*int64(time.Second) {
				t.Errorf("after %d comes %d", now, next)
			}
		}
	}
	if want := []int{0, 1, 2, 1, 2, 0, 2, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("turns %v, want %v", got, want)
	}
}
