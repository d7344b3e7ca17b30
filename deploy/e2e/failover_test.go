package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// longest is for how long a film may stand still, or lack a segment, when its edge fails.
const longest = 5 * time.Second

// TestFailover has the edge that serves a film fail in the middle of it: another one goes on with
// it within five seconds, at the second where it was.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		further float64 // seconds that the film has to play on for
		ttl     int     // of the tokens with which a video element plays, seconds
		fail    func(th *theatre, edge string)
	}{
		// The first is longer than a token is good for.
		{"ended", 10, 60, func(th *theatre, edge string) { th.StopEdge(th.Edges[edge]) }},
		{"answers 500", 1, 8, func(th *theatre, edge string) {
			th.failing.host.Store(th.Edges[edge].OriginHost)
		}},
	} {
		for _, player := range webPlayers {
			t.Run(c.name+"/"+player.name, func(t *testing.T) {
				th := openTheatre(t, "nginx", "nginx-2")
				th.play(player.name, player.source, session, 1, 4)
				first := testFailover(t, th, c.further, func(edge string) { c.fail(th, edge) })
				if first > longest {
					t.Errorf("the first segment came after %v; want %v at most", first, longest)
				}
			})
		}
		t.Run(c.name+"/video element", func(t *testing.T) {
			th := openTheatre(t, "nginx", "nginx-2")
			held := make(chan struct{})
			th.held.Store(held)
			th.ttl = c.ttl
			th.play("video", 0, session, 1, 4)
			testFailover(t, th, c.further, func(edge string) {
				c.fail(th, edge)
				close(held)
			})
		})
	}
	t.Run("several videos", testFailoverOfSeveral)
}

// testFailover returns after what time the first segment was asked for at the other edge: since the
// edge was ended, or since it first answered with 500.
func testFailover(
	t *testing.T, th *theatre, further float64, fail func(edge string),
) (first time.Duration) {
	t.Helper()
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
	for _, x := range th.Recorder.Take() {
		if !strings.HasSuffix(x.Target, "/"+to) {
			continue
		}
		if first == 0 {
			first = x.Asked.Sub(failed)
			if began := th.failing.first.Load(); began != nil { // a full buffer asks for nothing
				first = x.Asked.Sub(*began)
			}
		}
		if x.Status != 200 {
			t.Errorf("%s was answered with %d", x.URI(), x.Status)
		}
	}
	if first == 0 {
		t.Errorf("nothing was asked of %s", to)
	}
	stalls := th.stalls()
	for _, stall := range stalls {
		if stall < 0 || stall > float64(longest.Milliseconds()) {
			t.Errorf("the film stood still for %g ms; want %v at most", stall, longest)
		}
	}
	reached := 0.0
	for _, e := range th.events() {
		// A video element goes to the second where it was, the others stay there.
		if e.Type == "video seeking" && e.MS > ms && math.Abs(e.Second-reached) > 0.5 {
			t.Errorf("the player moved from second %g to another one: %+v", reached, e)
		}
		reached = max(reached, e.Second)
	}
	if t.Failed() {
		t.Log(th.story())
	}
	t.Logf("from %s to %s: told after %.2f s, the first segment after %.2f s, stalls %v",
		from, to, (moved.MS-ms)/1000, first.Seconds(), stalls)
	return first
}

// testFailoverOfSeveral plays two videos of one document on one page, each from a CDN of its own,
// one of which is ended: both go on from the other one, after one question to the service.
func testFailoverOfSeveral(t *testing.T) {
	th := openTheatre(t, "nginx", "nginx-2")
	sources := longFilm.Document()["sources"].([]map[string]any)
	question, err := json.Marshal(map[string]any{
		"videos": []any{
			map[string]any{"sources": sources[1:2]}, map[string]any{"sources": sources[2:3]},
		},
		"token": th.claims(session),
	})
	if err != nil {
		t.Fatal(err)
	}
	prefixes := th.open()
	urls := strings.Fields(
		th.call("playAll(%q, %s, %s, %g)", "http://"+th.Service, question, prefixes, ahead))
	from, to := "nginx", "nginx-2"
	if strings.HasPrefix(urls[1], "http://"+th.Edges[to].Addr) {
		from, to = to, from
	}
	if !strings.HasPrefix(urls[0], "http://"+th.Edges[to].Addr) {
		t.Fatalf("both videos are on one CDN: %v", urls)
	}
	th.await("films.every((film) => film.currentTime > 4)")
	second := th.number("Math.max(...films.map((film) => film.currentTime))")
	ms := th.number("performance.now()")
	th.StopEdge(th.Edges[from])
	th.awaitEvent("failover")
	th.await(fmt.Sprintf("films.every((film) => film.currentTime > %g)", second+ahead+segment+1))
	moves := th.events("failover")
	if len(moves) != 2 {
		t.Errorf("the players were told %d times of another CDN; want once each", len(moves))
	}
	for _, moved := range moves {
		if moved.From != from || moved.To != to {
			t.Errorf("went from %s to %s; want from %s to %s", moved.From, moved.To, from, to)
		}
	}
	signed := th.number("asked.filter((path) => path === '/video/token').length")
	renewed := th.number("asked.filter((path) => path === '/video/renew').length")
	if signed != 1 {
		t.Errorf("the service was asked for another CDN %g times", signed)
	}
	if told := len(th.events("renewed")); renewed < 1 || told < 2*int(renewed)-2 {
		t.Errorf("%g renewals, of which the players were told %d times", renewed, told)
	}
	for _, e := range th.events("video seeking", "retry", "ended") {
		if e.MS > ms {
			t.Errorf("the page saw %+v", e)
		}
	}
	if t.Failed() {
		t.Log(th.story())
	}
	t.Logf("from %s to %s, %g question, %g renewals for two players", from, to, signed, renewed)
}
