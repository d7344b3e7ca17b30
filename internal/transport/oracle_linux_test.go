package transport_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// way is one way to send a case.
type way struct {
	name   string
	pieces []string
	end    end
	few    bool // not to the server without loops, which only wraps a connection for fasthttp
}

// ways are all the ways to send it.
func (c rawCase) ways() []way {
	whole := []string{c.raw}
	all := []way{{"whole", whole, halfClose, false}, {"whole", whole, finAtOnce, false},
		{"whole", whole, probe, false}}
	if len(c.raw) <= 8<<10 {
		all = append(all, way{"byte by byte", c.bytes(), probe, len(c.name)%4 != 0})
	}
	for _, at := range c.cuts() {
		all = append(all,
			way{fmt.Sprintf("cut at %d", at), []string{c.raw[:at], c.raw[at:]}, probe, at%8 != 0})
	}
	return all
}

// bytes are those of the case, each by itself, but that of a long one some in the middle stay
// together.
func (c rawCase) bytes() (pieces []string) {
	const most = 600
	for rest := c.raw; len(rest) > 0; {
		n := 1
		if sent := len(c.raw) - len(rest); sent > most/2 && len(rest) > most/2 {
			n = min(71, len(rest)-most/2)
		}
		pieces = append(pieces, rest[:n])
		rest = rest[n:]
	}
	return pieces
}

// cuts are the points where a case is split in two: all of a short one but in a good request that
// only shows what became of the one before, and of a long one those at its ends, and some others.
func (c rawCase) cuts() (points []int) {
	n := len(strings.TrimSuffix(c.raw, get("/second")))
	every := 1
	if n > 400 {
		every = max(n/50, 7)
	}
	if c.heavy {
		every = n/3 + 1
	} else if raced {
		every *= 3
	}
	for at := 1; at <= min(n, len(c.raw)-1); at++ {
		edge := !c.heavy && !raced && n < 16<<10 && (at < 100 || at > n-20)
		if edge || at%every == 0 {
			points = append(points, at)
		}
	}
	return points
}

// TestOracle: for the same bytes on the wire, in the same pieces, the same bytes come back as from
// stock fasthttp by itself, and the connection is left open or closed alike.
func TestOracle(t *testing.T) {
	for _, network := range networks {
		t.Run(network, testOracle)
	}
}

func testOracle(t *testing.T) {
	servers := startTrio(t)
	type job struct {
		c rawCase
		w way
	}
	jobs := make(chan job)
	var mu sync.Mutex
	wrong := map[string]int{}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				message := servers.compare(j.c, j.w)
				if message == "" {
					continue
				}
				mu.Lock()
				if wrong[j.c.name]++; wrong[j.c.name] <= 2 {
					t.Errorf("%s, %s, %v: %s\nsent: %s", j.c.name, j.w.name, j.w.end, message, shorten(j.c.raw))
				}
				mu.Unlock()
			}
		})
	}
	var all []job
	known := map[string]bool{}
	for _, c := range allCases() {
		known[c.name] = true
		for _, w := range c.ways() {
			all = append(all, job{c, w})
		}
	}
	// The long ones first, for none to be left alone at the end.
	slices.SortStableFunc(all, func(a, b job) int { return len(b.w.pieces) - len(a.w.pieces) })
	for _, j := range all {
		jobs <- j
	}
	close(jobs)
	wg.Wait()
	for name, n := range wrong {
		t.Errorf("%s: %d ways to send it have other answers", name, n)
	}
	for name := range stricter {
		if !known[name] {
			t.Errorf("%q is said to differ from stock fasthttp, and is no case", name)
		}
	}
	t.Logf("%d cases, sent in %d ways to each server", len(allCases()), len(all))
}

// workers is how many connections each server has at a time.
const workers = 96

// compare sends a case in one way to all, and says what differs.
func (servers trio) compare(c rawCase, w way) string {
	if status, ok := stricter[c.name]; ok {
		return servers.compareStrict(c, w, status)
	}
	want, err := exchange(servers[0], w.pieces, 0, w.end, time.Sleep)
	if err != nil {
		return fmt.Sprintf("%s: %v", trioNames[0], err)
	}
	before, _, open := strings.Cut(want, "\r\n\r\nGET /probe HTTP/1.1\n")
	due := 0
	if open && w.end == probe && !c.late {
		due = size(before[:strings.LastIndex(before, "HTTP/1.1 200 OK\r\n")])
	}
	if w.end == probe && c.waits && open {
		return fmt.Sprintf("said to be the beginning of a request, but the next one is answered: %s",
			shorten(want))
	}
	for i, addr := range servers[1:] {
		if w.few && trioNames[i+1] == "no loops" {
			continue
		}
		got, err := exchange(addr, w.pieces, due, w.end, time.Sleep)
		if err != nil {
			return fmt.Sprintf("%s: %v", trioNames[i+1], err)
		}
		if got != want && !(c.drops && strings.HasPrefix(got, want)) {
			return fmt.Sprintf("%s answer\n%s", trioNames[i+1], difference(got, want))
		}
	}
	if w.end != probe || w.name != "whole" || open || c.waits {
		return ""
	}
	// The connection closes, without the client's doing anything.
	return servers.compare(c, way{w.name, w.pieces, hold, false})
}

// TestCases: the table is what it says.
func TestCases(t *testing.T) {
	all := allCases()
	if len(all) < 300 {
		t.Errorf("%d cases: at least 300 are to be sent", len(all))
	}
	names := map[string]bool{}
	for _, c := range all {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
	}
}
