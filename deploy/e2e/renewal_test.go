package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

var tokenInURI = regexp.MustCompile(`^/~([^/]+)/|[?&]token=([^&]+)`)

// tokensUsed returns with how many tokens an edge was asked, and the questions that it refused.
func tokensUsed(exchanges []stack.Exchange) (n int, refused []stack.Exchange) {
	used := map[string]bool{}
	for _, x := range exchanges {
		if found := tokenInURI.FindStringSubmatch(x.URI()); found != nil {
			used[found[1]+found[2]] = true
		}
		if x.Status != http.StatusOK {
			refused = append(refused, x)
		}
	}
	return len(used), refused
}

// filmEnded is true when a film was played to its end. dash.js may find that before the browser
// does. It then pauses, and the browser sends no "ended" event.
const filmEnded = "video.ended || video.paused && video.currentTime >= video.duration"

// TestRenewal plays a film of a minute from tokens of eight seconds: it plays to its end without a
// stall, with several tokens, none of which is ever refused.
func TestRenewal(t *testing.T) {
	t.Parallel()
	for _, player := range webPlayers {
		t.Run(player.name, func(t *testing.T) {
			th := openTheatre(t, "nginx")
			th.play(player.name, player.source, session, 1, longFilm.Length.Seconds()/2)
			th.await(filmEnded)
			used, refused := tokensUsed(th.Recorder.Take())
			renewals, stalls := len(th.events("renewed")), th.stalls()
			if used < 8 || renewals < 7 {
				t.Errorf("%d tokens used, %d renewals; want 8 and 7", used, renewals)
			}
			if len(stalls) > 0 {
				t.Errorf("the film stood still for %v ms", stalls)
			}
			for _, x := range refused {
				t.Errorf("%s was answered with %d", x.URI(), x.Status)
			}
			if bad := th.events("player error", "retry", "failover", "ended"); len(bad) > 0 {
				t.Errorf("the page saw %v", bad)
			}
			if t.Failed() {
				t.Log(th.story())
			}
			t.Logf("%.1f s: %d renewals, %d tokens at the edge, %d stalls",
				th.number("video.currentTime"), renewals, used, len(stalls))
		})
	}
	t.Run("video element", func(t *testing.T) { testSwap(t, openTheatre(t, "nginx")) })
}

// testSwap plays an MP4 in a video element, whose src is another one after each renewal.
func testSwap(t *testing.T, th *theatre) {
	const rate = 2.0
	th.play("video", 0, session, rate, 20)
	th.await("(video.pause(), true)")
	paused, loads := th.number("video.currentTime"), th.number("loads")
	th.await(fmt.Sprintf("loads > %g && video.readyState >= 2", loads))
	at := th.number("video.currentTime")
	if at != paused || th.number("Number(video.paused)") != 1 {
		t.Errorf("paused at %g s, and with the new src at %g s, not paused", paused, at)
	}
	th.await("video.play()")
	th.await(filmEnded)
	if got := th.number("video.playbackRate"); got != rate {
		t.Errorf("the film plays at %g times the speed; want %g", got, rate)
	}
	if back := th.number("back"); back > 0.5 {
		t.Errorf("the film went back by %g s", back)
	}
	used, refused := tokensUsed(th.Recorder.Take())
	if loads = th.number("loads"); loads < 4 || used < 4 || len(refused) > 0 {
		t.Errorf("%g loads, %d tokens, refused: %v", loads, used, refused)
	}
	t.Logf("%g loads with %d tokens, paused in one; back by %.3f s at most",
		loads, used, th.number("back"))
}

// TestRevokedFilm revokes the session of a film that plays: it stops within a segment, and the page
// is told why.
func TestRevokedFilm(t *testing.T) {
	t.Parallel()
	for _, player := range webPlayers {
		t.Run(player.name, func(t *testing.T) {
			th := openTheatre(t, "nginx")
			th.play(player.name, player.source, session, 1, 5)
			revoked := ask(t, th.Admin, "POST", "/revoke", `{"session":"`+session+`"}`,
				"Content-Type: application/json")
			since := time.Now()
			if revoked.status != http.StatusOK {
				t.Fatalf("the service answered %v %s", revoked, revoked.body)
			}
			loaded, now := th.number("buffered()"), th.number("performance.now()")
			ended := th.awaitEvent("ended")
			if ended.Reason != "revoked" || ended.Status != http.StatusForbidden {
				t.Errorf("the page was told %+v; want 403 revoked", ended)
			}
			// What was loaded plays. Shaka stops the clock a little before its end.
			th.await("video.readyState < 3 || video.playbackRate === 0")
			at := th.number("video.currentTime")
			if at > loaded+segment+0.5 {
				t.Errorf("played to %g s; %g s were loaded before", at, loaded)
			}
			refused := 0
			for _, x := range th.Recorder.Take() {
				switch {
				case x.Status == http.StatusForbidden:
					refused++
				case x.Asked.After(since):
					t.Errorf("%s was answered with %d", x.URI(), x.Status)
				}
			}
			if t.Failed() {
				t.Log(th.story())
			}
			t.Logf("told after %.1f s, stopped at %.1f s with %.1f s loaded; %d requests refused",
				(ended.MS-now)/1000, at, loaded, refused)
		})
	}
}

// TestRenewalTime plays a film whose renewal time ends in the middle: the last tokens end with it,
// the film stops within a segment, and the page is told why.
func TestRenewalTime(t *testing.T) {
	t.Parallel()
	for _, player := range webPlayers {
		t.Run(player.name, func(t *testing.T) {
			th := openTheatre(t, "nginx")
			th.renew = 10
			th.play(player.name, player.source, session, 1, 5)
			asked := th.Recorder.Take()
			until := renewableUntil(t, th.Edges["nginx"], asked[0])
			refused := until.Add((1 + 1) * time.Second) // the leeway, and all of the last second
			th.await(fmt.Sprintf("Date.now() >= %d", refused.UnixMilli()))
			loaded := th.number("buffered()")
			ended := th.awaitEvent("ended")
			if ended.Reason != "not-renewable" || ended.Status != http.StatusForbidden {
				t.Errorf("the page was told %+v; want 403 not-renewable", ended)
			}
			if len(th.events("renewed")) == 0 {
				t.Error("no token was renewed before")
			}
			th.await("video.readyState < 3 || video.playbackRate === 0")
			at := th.number("video.currentTime")
			if at > loaded+segment+0.5 || at > longFilm.Length.Seconds()-2*segment {
				t.Errorf("played to %g s; %g s were loaded at the renewal time's end", at, loaded)
			}
			allowed, after := 0, 0
			for _, x := range append(asked, th.Recorder.Take()...) {
				switch {
				case x.Status == http.StatusOK && x.Asked.Before(refused):
					allowed++
				case x.Status == http.StatusForbidden && !x.Answered.Before(refused):
					after++
				default:
					t.Errorf("%s was answered with %d, %v after the renewal time",
						x.URI(), x.Status, x.Answered.Sub(until))
				}
			}
			if allowed == 0 || after == 0 {
				t.Errorf("%d requests allowed, %d refused", allowed, after)
			}
			if t.Failed() {
				t.Log(th.story())
			}
			t.Logf("told %q, stopped at %.1f s with %.1f s loaded; %d requests allowed, then %d refused",
				ended.Reason, at, loaded, allowed, after)
		})
	}
}

// renewableUntil reads the renewal time from the token that an edge was asked with.
func renewableUntil(t *testing.T, e *stack.Edge, x stack.Exchange) time.Time {
	t.Helper()
	v, err := token.Keys{e.Key}.Verify(token.Request{URI: []byte(x.URI()), Now: x.Asked.Unix(),
		Leeway: 1})
	if err != nil || v.Claims.RenewableUntil == 0 {
		t.Fatalf("%s has no renewal time: %v", x.URI(), err)
	}
	return time.Unix(int64(v.Claims.RenewableUntil), 0)
}
