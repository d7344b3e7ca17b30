package caller_test

import (
	"bytes"
	"fmt"
	"testing"

	"videotoken/internal/caller"
)

// newCrowd makes a set of 101 callers, and returns the key of one of them.
func newCrowd(tb testing.TB) (*caller.Set, string) {
	tb.Helper()
	keys := map[string]string{}
	for i := range 100 {
		keys[newKey(tb)] = fmt.Sprint("caller-", i)
	}
	key := newKey(tb)
	keys[key] = "catalogue"
	return newSet(tb, keys), key
}

func TestNoAllocations(t *testing.T) {
	s, key := newCrowd(t)
	known, unknown, long := []byte(key), []byte(newKey(t)), bytes.Repeat([]byte("k"), 16<<10)
	path, paths := canonical(t, "/films/a/b.mp4"), parse(t, "/live/", "/films/")
	hash := caller.HashOf(known)
	for name, f := range map[string]func() bool{
		"find":    func() bool { return s.Find(known) != nil },
		"unknown": func() bool { return s.Find(unknown) == nil },
		"long":    func() bool { return s.Find(long) == nil },
		"allows":  func() bool { return paths.Allows(path, 1) && !paths.Allows(path, 15) },
		"is":      func() bool { return hash.Is(known) && !hash.Is(unknown) },
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if !f() {
				t.Fatal(name)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	s, key := newCrowd(b)
	known := []byte(key)
	b.ReportAllocs()
	for b.Loop() {
		if s.Find(known) == nil {
			b.Fatal("nobody")
		}
	}
}
