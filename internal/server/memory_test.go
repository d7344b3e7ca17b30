package server

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestAutoMemory(t *testing.T) {
	file := func(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }
	for _, c := range []struct {
		name   string
		limit  int64
		cgroup fstest.MapFS
		want   int64
	}{
		{"nothing", math.MaxInt64, nil, 512 << 20},
		{"GOMEMLIMIT", 400 << 20, nil, 100 << 20},
		{"a cgroup", math.MaxInt64, file("memory.max", "1073741824\n"), 256 << 20},
		{"a cgroup without a limit", math.MaxInt64, file("memory.max", "max\n"), 512 << 20},
		{"a cgroup of version 1", math.MaxInt64, file("memory/memory.limit_in_bytes", "1073741824\n"),
			256 << 20},
		{"version 1 without a limit", math.MaxInt64,
			file("memory/memory.limit_in_bytes", "9223372036854771712\n"), 512 << 20},
		{"GOMEMLIMIT below the cgroup's", 400 << 20, file("memory.max", "1073741824\n"), 100 << 20},
		{"GOMEMLIMIT above the cgroup's", 2 << 30, file("memory.max", "1073741824\n"), 256 << 20},
	} {
		if got := autoMemory(c.limit, c.cgroup); got != c.want {
			t.Errorf("%s: %d, not %d", c.name, got, c.want)
		}
	}
	if got := memoryLimit(1 << 20); got != 1<<20 {
		t.Errorf("configured: %d", got)
	}
}
