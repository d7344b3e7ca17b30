//go:build !race

package truth

import (
	"testing"
	"time"
)

// TestCheckAllocations is not run under the race detector, which has pools drop what they hold.
func TestCheckAllocations(t *testing.T) {
	c, body := load(t)
	a, err := NewAnswer(c, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	good := []byte(signed(t, c, body, 1, now.Add(6*time.Hour)))
	if n := testing.AllocsPerRun(100, func() {
		if err := a.Check(good, now); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
