package caller_test

import (
	"bytes"
	"fmt"
	"testing"

	"videotoken/internal/caller"
)

func TestNoAllocations(t *testing.T) {
	keys := map[string]string{}
	for i := range 100 {
		keys[newKey(t)] = fmt.Sprint("caller-", i)
	}
	key := newKey(t)
	keys[key] = "catalogue"
	s := newSet(t, keys)
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
	keys := map[string]string{}
	for i := range 100 {
		keys[newKey(b)] = fmt.Sprint("caller-", i)
	}
	key := newKey(b)
	keys[key] = "catalogue"
	s := newSet(b, keys)
	known := []byte(key)
	b.ReportAllocs()
	for b.Loop() {
		if s.Find(known) == nil {
			b.Fatal("nobody")
		}
	}
}
