package server

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"strconv"

	"videotoken/internal/limits"
)

// memoryLimit returns how many bytes unfinished requests may hold: what is configured, else a
// quarter of GOMEMLIMIT or of the cgroup's limit, the lower one.
func memoryLimit(configured int64) int64 {
	if configured > 0 {
		return configured
	}
	return autoMemory(debug.SetMemoryLimit(-1), os.DirFS("/sys/fs/cgroup"))
}

// autoMemory is memoryLimit for Go's limit, and the directory of cgroups of version 2 or 1.
func autoMemory(limit int64, cgroup fs.FS) int64 {
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(cgroup, name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	if limit > math.MaxInt64/2 { // what both call none
		return limits.Memory
	}
	return max(limit/4, 1)
}
