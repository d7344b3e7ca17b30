package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"videotoken/deploy/e2e/stack"
)

//go:embed renewal.html
var renewalPage []byte

// longFilm is longer than seven of its tokens.
var longFilm = stack.Film{Length: time.Minute, Width: 384, Height: 216}

const (
	shortTokens = "{ttl: 8s, max_ttl: 1m, round: 1s, leeway: 1s, renew: 0s, max_renew: 1h, renew_grace: 5s}"
	session     = "00112233aabbccdd"
	segment     = 2.0 // seconds
)

// renewable are the claims of a film whose tokens are renewed.
var renewable = map[string]any{"session": session, "renew": 600}

// webPlayers are the players of the page, and which of the film's sources each plays.
var webPlayers = []struct {
	name   string
	source int
}{{"hls", 2}, {"shaka", 3}, {"dash", 3}}

// event is what the page has kept of an event: of the player's tokens, or of the video element.
type event struct {
	Type   string
	Reason string
	From   string
	To     string
	Status int
	Second float64 // of the film
	MS     float64 // of the page
}

// theatre is a page that plays the long film, and what stands behind it.
type theatre struct {
	*stack.Stack
	t      *testing.T
	ctx    context.Context
	origin string
}

func openTheatre(t *testing.T, edges ...string) *theatre {
	t.Helper()
	dir := t.TempDir()
	if err := longFilm.Make(dir); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(renewalPage)
	})
	for prefix, folder := range map[string]string{"/web/": "deploy/e2e/web/node_modules", "/player/": "deploy/player"} {
		mux.Handle("GET "+prefix, http.StripPrefix(prefix, http.FileServer(http.Dir(filepath.Join(root, folder)))))
	}
	origin := serve(t, mux)
	s := up(t, stack.Options{Origin: http.FileServer(http.Dir(dir)), Edges: edges, Player: origin, Token: shortTokens})
	return &theatre{Stack: s, origin: origin}
}

// enter opens a browser for a test.
func (th *theatre) enter(t *testing.T) *theatre {
	return &theatre{Stack: th.Stack, origin: th.origin, t: t, ctx: browser(t)}
}

// play plays the film until its position has passed a second.
func (th *theatre) play(player string, source int, rate, until float64) (src string) {
	th.t.Helper()
	cdns := map[string]string{}
	for name, e := range th.Edges {
		cdns[name] = "http://" + e.Addr
	}
	prefixes, err := json.Marshal(cdns)
	if err != nil {
		th.t.Fatal(err)
	}
	if err := chromedp.Do(th.ctx, chromedp.Navigate(th.origin)); err != nil {
		th.t.Fatal(err)
	}
	th.await("window.ready", 20*time.Second)
	th.Recorder.Take()
	src, err = call(th.ctx, "play(%q, %s, %s, %q, %d, %g)", "http://"+th.Service, longFilm.Question(renewable), prefixes, player, source, rate)
	if err != nil {
		th.t.Fatalf("%v; on the page:\n%s", err, th.story())
	}
	th.await(fmt.Sprintf("video.currentTime > %g", until), 60*time.Second)
	return src
}

// await waits until a JavaScript expression is true.
func (th *theatre) await(expression string, limit time.Duration) {
	th.t.Helper()
	_, err := chromedp.Run(th.ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingTimeout(limit)))
	if err != nil {
		th.t.Fatalf("%s: %v; on the page:\n%s", expression, err, th.story())
	}
}

// number evaluates an expression that is a number.
func (th *theatre) number(expression string) float64 {
	th.t.Helper()
	n, err := chromedp.Run(th.ctx, chromedp.Evaluate[float64](expression))
	if err != nil {
		th.t.Fatal(err)
	}
	return n
}

// events returns what happened on the page, of the given types if there are any.
func (th *theatre) events(types ...string) (out []event) {
	th.t.Helper()
	text, err := chromedp.Run(th.ctx, chromedp.Evaluate[string]("JSON.stringify(happened)"))
	var all []event
	if err == nil {
		err = json.Unmarshal([]byte(text), &all)
	}
	if err != nil {
		th.t.Fatal(err)
	}
	for _, e := range all {
		if len(types) == 0 || strings.Contains(strings.Join(types, "\n"), e.Type) {
			out = append(out, e)
		}
	}
	return out
}

// story is what happened on the page, for a test that fails.
func (th *theatre) story() string {
	text, _ := chromedp.Run(th.ctx, chromedp.Evaluate[string](
		"JSON.stringify({at: video.currentTime, paused: video.paused, ready: video.readyState, buffered: buffered(), error: String(video.error?.message)}) + '\\n' + happened.map((e) => JSON.stringify(e)).join('\\n')"))
	return text
}

var pathToken = regexp.MustCompile(`^/~([^/]+)/`)

// tokens returns how many questions had each token, and the answers that were not 200.
func tokens(exchanges []stack.Exchange) (used map[string]int, refused []stack.Exchange) {
	used = map[string]int{}
	for _, x := range exchanges {
		if found := pathToken.FindStringSubmatch(x.URI()); found != nil {
			used[found[1]]++
		}
		if x.Status != http.StatusOK {
			refused = append(refused, x)
		}
	}
	return used, refused
}

// stalls returns the times at which the video waited for data after it had begun to play, and for
// how many milliseconds.
func stalls(events []event) (waited []float64) {
	began, since := false, 0.0
	for _, e := range events {
		switch e.Type {
		case "video playing":
			if since > 0 {
				waited = append(waited, e.MS-since)
			}
			began, since = true, 0
		case "video waiting":
			if began && since == 0 {
				since = e.MS
			}
		}
	}
	if since > 0 {
		waited = append(waited, -1) // to the end
	}
	return waited
}

// TestRenewal plays a film of a minute with tokens of eight seconds: it plays to its end without a
// stall, with several tokens, none of which is ever refused.
func TestRenewal(t *testing.T) {
	th := openTheatre(t, "nginx")
	for _, player := range webPlayers {
		t.Run(player.name, func(t *testing.T) {
			th := th.enter(t)
			const rate = 2.5
			th.play(player.name, player.source, rate, longFilm.Length.Seconds()-3)
			th.await("happened.some(({type}) => type === 'video ended')", 20*time.Second)
			used, refused := tokens(th.Recorder.Take())
			renewals, waited := th.events("renewed"), stalls(th.events())
			if len(used) < 4 || len(renewals) < 3 {
				t.Errorf("%d tokens used, %d renewals; want several", len(used), len(renewals))
			}
			if len(waited) > 0 {
				t.Errorf("the film stood still %v ms", waited)
			}
			for _, x := range refused {
				t.Errorf("%s was answered with %d", x.URI(), x.Status)
			}
			if errors := th.events("player error", "retry", "failover"); len(errors) > 0 {
				t.Errorf("the page saw %v", errors)
			}
			if t.Failed() {
				t.Log(th.story())
			}
			t.Logf("%g s at %g times the speed: %d renewals, %d tokens seen by the edge, %d stalls", th.number("video.currentTime"), rate, len(renewals), len(used), len(waited))
		})
	}
}
