package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFailover ends the edge that serves a film in the middle of it: another one goes on with it
// within five seconds, at the second where it was.
func TestFailover(t *testing.T) {
	const limit = 5 * time.Second
	for _, player := range webPlayers {
		t.Run(player.name, func(t *testing.T) {
			edges := []string{"nginx", "nginx-2"}
			th := openTheatre(t, edges...).enter(t)
			th.play(player.name, player.source, session, 1, 6)
			from, to := edges[0], edges[1]
			for _, x := range th.Recorder.Take() {
				if strings.HasSuffix(x.Target, "/"+edges[1]) {
					from, to = edges[1], edges[0]
				}
			}
			second, ms := th.number("video.currentTime"), th.number("performance.now()")
			ended := time.Now()
			th.StopEdge(th.Edges[from])
			moved := th.awaitEvent("failover")
			if moved.From != from || moved.To != to {
				t.Errorf("went from %s to %s; want from %s to %s", moved.From, moved.To, from, to)
			}
			// More than what was loaded before, and than what one token is good for.
			th.await(fmt.Sprintf("video.currentTime > %g", second+ahead+segment+10))
			var first time.Duration
			for _, x := range th.Recorder.Take() {
				if !strings.HasSuffix(x.Target, "/"+to) {
					continue
				}
				if first == 0 {
					first = x.Asked.Sub(ended)
				}
				if x.Status != 200 {
					t.Errorf("%s was answered with %d", x.URI(), x.Status)
				}
			}
			stalls := th.stalls()
			for _, stall := range append(stalls, moved.MS-ms, float64(first/time.Millisecond)) {
				if stall < 0 || stall > float64(limit/time.Millisecond) {
					t.Errorf("%g ms; want %v at most", stall, limit)
				}
			}
			if seeks := th.events("video seeking"); len(seeks) > 0 && seeks[len(seeks)-1].MS > ms {
				t.Errorf("the player moved: %v", seeks)
			}
			if t.Failed() {
				t.Log(th.story())
			}
			t.Logf("from %s to %s: told after %.2f s, the first segment after %.2f s, stalls %v",
				from, to, (moved.MS-ms)/1000, first.Seconds(), stalls)
		})
	}
}
