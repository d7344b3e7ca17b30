package revoked

import (
	"path/filepath"
	"testing"
)

// TestClockSetBack: what was forgotten while the clock was ahead is known again.
func TestClockSetBack(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	c := newClock(testTime)
	s, _ := open(t, Config{File: name, Now: c.now})
	revoke(t, s, 1)
	c.set(testUntil + 2*spare)
	if s.memory.sweep(); s.memory.len() != 0 {
		t.Fatal("not forgotten")
	}
	if c.set(testTime); !s.memory.sweep() {
		t.Fatal("the step is not told")
	}
	s.file.forget()
	await(t, "the session is known again", func() bool { return s.Has(id(1)) })
}

// TestSince: each session comes once at least, in pages of the limit, and again for some seconds.
func TestSince(t *testing.T) {
	c := newClock(testTime)
	s, _ := open(t, Config{File: filepath.Join(t.TempDir(), "revoked"), Now: c.now})
	for i := range 25 {
		revoke(t, s, i)
	}
	seen := map[[8]byte]int{}
	ask := func(moment int64) (next int64) {
		for pages, more := 0, true; more; pages++ {
			var entries []Entry
			if entries, next, more = s.Since(moment, 10); len(entries) > 10 ||
				pages > 0 && more && next <= moment || pages > 3 {
				t.Fatalf("%d entries, next %d after %d, more %v", len(entries), next, moment, more)
			}
			for _, e := range entries {
				if e.Until != testUntil {
					t.Errorf("%+v", e)
				}
				seen[e.Session]++
			}
			moment = next
		}
		return next
	}
	next := ask(0)
	if len(seen) != 25 {
		t.Errorf("%d sessions", len(seen))
	}
	clear(seen)
	c.set(testTime + 4)
	if ask(next); len(seen) != 25 {
		t.Errorf("within the overlap: %d sessions", len(seen))
	}
	clear(seen)
	c.set(testTime + 60)
	next = ask(next)
	clear(seen)
	c.set(testTime + 120)
	revoke(t, s, 100)
	if next = ask(next); len(seen) != 1 || seen[id(100)] != 1 {
		t.Errorf("a minute later: %v", seen)
	}
	clear(seen)
	if ask(next + 1e15); len(seen) != 26 {
		t.Errorf("a moment of the future: %d sessions", len(seen))
	}
	c.set(testTime - 3600) // set back: what is learned meanwhile is not missed
	next = ask(next)
	clear(seen)
	revoke(t, s, 101)
	if ask(next); seen[id(101)] != 1 {
		t.Errorf("after the clock was set back: %v", seen)
	}
}
