package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFailover has the edge that serves a film fail in the middle of it: another one goes on with it
// within five seconds, at the second where it was.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		further float64 // seconds that the film has to play on for
		fail    func(th *theatre, edge string)
	}{
		// The first is longer than a token is good for.
		{"ended", 10, func(th *theatre, edge string) { th.StopEdge(th.Edges[edge]) }},
		{"answers 500", 1, func(th *theatre, edge string) {
			th.failing.Store(th.Edges[edge].OriginHost)
		}},
	} {
		for _, player := range webPlayers {
			t.Run(c.name+"/"+player.name, func(t *testing.T) {
				th := openTheatre(t, "nginx", "nginx-2")
				th.play(player.name, player.source, session, 1, 4)
				testFailover(t, th, c.further, func(edge string) { c.fail(th, edge) })
			})
		}
	}
}

func testFailover(t *testing.T, th *theatre, further float64, fail func(edge string)) {
	const longest = 5000 // ms
	from, to := "nginx", "nginx-2"
	for _, x := range th.Recorder.Take() {
		if strings.HasSuffix(x.Target, "/nginx-2") {
			from, to = "nginx-2", "nginx"
		}
	}
	second, ms, failed := th.number("video.currentTime"), th.number("performance.now()"), time.Now()
	fail(from)
	moved := th.awaitEvent("failover")
	if moved.From != from || moved.To != to {
		t.Errorf("went from %s to %s; want from %s to %s", moved.From, moved.To, from, to)
	}
	// What was loaded before counts for nothing.
	th.await(fmt.Sprintf("video.currentTime > %g", second+ahead+segment+further))
	var first time.Duration
	for _, x := range th.Recorder.Take() {
		if !strings.HasSuffix(x.Target, "/"+to) {
			continue
		}
		if first == 0 {
			first = x.Asked.Sub(failed)
		}
		if x.Status != 200 {
			t.Errorf("%s was answered with %d", x.URI(), x.Status)
		}
	}
	stalls := th.stalls()
	for _, stall := range stalls {
		if stall < 0 || stall > longest {
			t.Errorf("the film stood still for %g ms; want %d at most", stall, longest)
		}
	}
	for _, e := range th.events("video seeking") {
		if e.MS > ms {
			t.Errorf("the player moved to another second: %+v", e)
		}
	}
	if t.Failed() {
		t.Log(th.story())
	}
	t.Logf("from %s to %s: told after %.2f s, the first segment after %.2f s, stalls %v",
		from, to, (moved.MS-ms)/1000, first.Seconds(), stalls)
}
