//go:build !race

package systemtest

import (
	"regexp"
	"strconv"
	"testing"
)

// TestMallocs: 200,000 requests over real connections cost the process less than 0.01 allocations
// each. What reading the count itself costs is taken off.
func TestMallocs(t *testing.T) {
	const requests, connections = 200_000, 50
	p := start(t)
	conns := connect(t, p.addr, connections)
	load(t, conns, 20) // fills the pools
	mallocs := func() float64 {
		// What /metrics says is late by up to some thousands, which every processor counts for
		// itself.
		m := regexp.MustCompile(`(?m)^# Mallocs = (\d+)$`).FindStringSubmatch(
			get(t, "http://"+p.admin+"/debug/pprof/allocs?debug=1"))
		if m == nil {
			t.Fatal("no count of mallocs")
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	mallocs()
	idle := mallocs()
	before := mallocs()
	load(t, conns, requests/connections)
	spent := mallocs() - before - (before - idle)
	if perRequest := spent / requests; perRequest >= 0.01 {
		t.Errorf("%.0f allocations for %d requests: %.4f each", spent, requests, perRequest)
	}
	t.Logf("%.0f allocations for %d requests", spent, requests)
}
