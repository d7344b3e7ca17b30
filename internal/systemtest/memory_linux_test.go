//go:build !race

package systemtest

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// resident is the process's resident memory in KiB.
func (p *process) resident(tb testing.TB) int {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		tb.Fatal("no VmRSS")
	}
	kib, _ := strconv.Atoi(string(m[1]))
	return kib
}

// TestIdleMemory: the process idles under 20 MiB, after it has answered a request.
func TestIdleMemory(t *testing.T) {
	p := start(t)
	postSeed(t, p.addr)
	if kib := p.resident(t); kib >= 20<<10 {
		t.Errorf("%d KiB", kib)
	}
}

// TestIdleMemoryOfConnections: of 10,000 connections that have been answered and are idle, each
// costs 2 KiB at most. What stock fasthttp takes is logged beside it.
func TestIdleMemoryOfConnections(t *testing.T) {
	const connections, most = 10_000, 2.0
	for _, transport := range []string{"epoll", "fasthttp"} {
		p := start(t, "-transport", transport)
		warm := connect(t, p.addr, 100)
		load(t, warm, 10)
		before := p.resident(t)
		idle := connect(t, p.addr, connections)
		load(t, idle, 1)
		each := float64(p.resident(t)-before) / connections
		t.Logf("%s: %.2f KiB a connection", transport, each)
		if transport == "epoll" && each > most {
			t.Errorf("%.2f KiB a connection, over %.0f", each, most)
		}
		for _, c := range append(warm, idle...) {
			_ = c.Close()
		}
	}
}
