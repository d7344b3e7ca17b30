//go:build !race

package revoked

import (
	"math"
	"runtime"
	"testing"
	"time"
)

const million = 1_000_000

func fill(m *memory, n int) {
	for i := range n {
		m.add(id(i), math.MaxUint32)
	}
}

// TestNoAllocations: neither for sessions that are revoked nor for others.
func TestNoAllocations(t *testing.T) {
	m := newMemory(time.Now, 0)
	fill(m, 10_000)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		m.prefetch(id(i))
		if i++; !m.has(id(i)) || m.has(id(i+million)) {
			t.Fatal("wrong")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMillion: a million sessions take 64 MiB at most.
func TestMillion(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := newMemory(time.Now, 0)
	fill(m, million)
	runtime.GC()
	runtime.ReadMemStats(&after)
	size := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("a million sessions take %.1f MiB", float64(size)/(1<<20))
	if size > 64<<20 || m.len() != million {
		t.Errorf("%d sessions take %d bytes", m.len(), size)
	}
}

// BenchmarkMillion is what a verify pays: with no session revoked at all, with a million of them
// and another one asked for, as nearly all are, and for one that is revoked, whose answer is a
// refusal.
func BenchmarkMillion(b *testing.B) {
	all := newMemory(time.Now, 0)
	fill(all, million)
	for _, c := range []struct {
		name  string
		m     *memory
		first int
	}{{"none", newMemory(time.Now, 0), million}, {"other", all, million}, {"revoked", all, 0}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if c.m.has(id(c.first+i%million)) != (c.first == 0) {
					b.Fatal("wrong")
				}
				i++
			}
		})
	}
}
