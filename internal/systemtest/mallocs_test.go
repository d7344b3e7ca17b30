//go:build !race

package systemtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// TestMallocs: 200,000 requests over real connections cost the process less than 0.01 allocations each. What reading
// the count itself costs is taken off.
func TestMallocs(t *testing.T) {
	const requests, connections = 200_000, 50
	p := start(t)
	conns := connect(t, p.addr, connections)
	load(t, conns, 20) // fills the pools
	mallocs := func() float64 {
		// What /metrics says is late by up to some thousands, which every processor counts for itself.
		m := regexp.MustCompile(`(?m)^# Mallocs = (\d+)$`).FindStringSubmatch(get(t, "http://"+p.admin+"/debug/pprof/allocs?debug=1"))
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

func connect(t *testing.T, addr string, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", addr); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conns[i].Close() })
	}
	return conns
}

// load sends the seed's request n times over each connection.
func load(t *testing.T, conns []net.Conn, n int) {
	t.Helper()
	request := fmt.Appendf(nil, "POST /video/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(seed), seed)
	var wg sync.WaitGroup
	for _, c := range conns {
		wg.Go(func() {
			r := bufio.NewReader(c)
			for range n {
				if _, err := c.Write(request); err != nil {
					t.Error(err)
					return
				}
				res, err := http.ReadResponse(r, nil)
				if err != nil || res.StatusCode != 200 {
					t.Errorf("%v, %v", res, err)
					return
				}
				if _, err := io.Copy(io.Discard, res.Body); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
