package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
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
	shortTokens = "{ttl: 8s, max_ttl: 1m, round: 1s, leeway: 1s, max_renew: 1h, renew_grace: 5s}"
	session     = "00112233aabbccdd"
	segment     = 2.0 // seconds
	ahead       = 6.0 // seconds that the page's players load ahead
)

// webPlayers are the players of the page, and which of the film's sources each plays.
var webPlayers = []struct {
	name   string
	source int
}{{"hls", 2}, {"shaka", 3}, {"dash", 3}}

// event is what the page keeps of an event of the player's tokens, or of the video element.
type event struct {
	Type   string
	Reason string
	From   string
	To     string
	Status int
	Second float64 // of the film
	MS     float64 // of the page
}

// madeLong makes the long film once, beside the service, and returns the folder to serve it from.
var madeLong = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(filepath.Dir(binary), "long")
	return dir, longFilm.Make(context.Background(), dir)
})

// seats are the theatres that may be open at once: more of them would take each other's time.
var seats = make(chan struct{}, 2)

// theatre is a page that plays the long film from tokens that end soon.
type theatre struct {
	*stack.Stack
	t       *testing.T
	ctx     context.Context
	origin  string
	failing *failure
	held    *atomic.Value // a channel until which the origin sends the MP4's beginning alone
	ttl     int           // seconds for which a token is good
	renew   int           // seconds for which the tokens are renewed
}

// failure is the host in whose place the origin answers 500.
type failure struct {
	host  atomic.Value
	first atomic.Pointer[time.Time] // when it first did
}

// fails reports whether a request for a host is answered with 500.
func (f *failure) fails(host string) bool {
	if f.host.Load() != host {
		return false
	}
	now := time.Now()
	f.first.CompareAndSwap(nil, &now)
	return true
}

// openTheatre opens a theatre with a service, edges and a browser of its own, beside other tests.
func openTheatre(t *testing.T, edges ...string) *theatre {
	t.Helper()
	t.Parallel()
	seats <- struct{}{}
	t.Cleanup(func() { <-seats })
	dir, err := madeLong()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(renewalPage)
	})
	for prefix, folder := range map[string]string{
		"/web/": "deploy/e2e/web/node_modules", "/player/": "deploy/player",
	} {
		files := http.FileServer(http.Dir(filepath.Join(root, folder)))
		mux.Handle("GET "+prefix, http.StripPrefix(prefix, files))
	}
	origin := serve(t, mux)
	var failing failure
	var held atomic.Value
	files := http.FileServer(http.Dir(dir))
	films := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failing.fails(r.Host) {
			http.Error(w, "failing", http.StatusInternalServerError)
			return
		}
		if r.URL.Path == "/film/film.mp4" {
			if held, ok := held.Load().(chan struct{}); ok {
				w = &heldWriter{w, 512 << 10, held, r, &failing}
			}
		}
		files.ServeHTTP(w, r)
	})
	s := up(t, stack.Options{Origin: films, Edges: edges, Player: origin, Token: shortTokens})
	return &theatre{
		Stack: s, t: t, ctx: browser(t), origin: origin, failing: &failing, held: &held, ttl: 8,
		renew: 600,
	}
}

// open opens the page, and returns the prefixes of the CDNs' URLs as JSON.
func (th *theatre) open() []byte {
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
	th.await("window.ready")
	th.Recorder.Take()
	return prefixes
}

// play has a player play one of the film's sources, of a session, until it has passed a second.
func (th *theatre) play(player string, source int, session string, rate, until float64) {
	th.t.Helper()
	prefixes := th.open()
	question := longFilm.Question(th.claims(session))
	th.call("play(%q, %s, %s, %q, %d, %g, %g)",
		"http://"+th.Service, question, prefixes, player, source, rate, ahead)
	th.await(fmt.Sprintf("video.currentTime > %g", until))
}

func (th *theatre) claims(session string) map[string]any {
	return map[string]any{"session": session, "ttl": th.ttl, "renew": th.renew}
}

// call evaluates a JavaScript expression that is a promise of a string.
func (th *theatre) call(format string, args ...any) string {
	th.t.Helper()
	text, err := call(th.ctx, format, args...)
	if err != nil {
		th.t.Fatalf("%v; on the page:\n%s", err, th.story())
	}
	return text
}

// await waits until a JavaScript expression is true. The limit is for a test that fails.
func (th *theatre) await(expression string) {
	th.t.Helper()
	_, err := chromedp.Run(th.ctx, chromedp.Poll[bool](
		"!!("+expression+")", chromedp.WithPollingTimeout(time.Minute)))
	if err != nil {
		th.t.Fatalf("%s: %v; on the page:\n%s", expression, err, th.story())
	}
}

// awaitEvent waits for an event of a type, and returns it.
func (th *theatre) awaitEvent(name string) event {
	th.t.Helper()
	th.await(fmt.Sprintf("happened.some(({type}) => type === %q)", name))
	return th.events(name)[0]
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
		if len(types) == 0 || slices.Contains(types, e.Type) {
			out = append(out, e)
		}
	}
	return out
}

// story is what happened on the page, for a test that fails.
func (th *theatre) story() string {
	text, err := chromedp.Run(th.ctx, chromedp.Evaluate[string]("story()"))
	if err != nil {
		return err.Error()
	}
	return text
}

// stalls returns for how long the film stood still for want of data, after it had begun to play, in
// milliseconds: -1 if it never went on.
func (th *theatre) stalls() (waited []float64) {
	th.t.Helper()
	began, since := false, 0.0
	for _, e := range th.events("video playing", "video waiting") {
		switch {
		case e.Type == "video playing":
			if since > 0 {
				waited = append(waited, e.MS-since)
			}
			began, since = true, 0
		case began && since == 0:
			since = e.MS
		}
	}
	if since > 0 {
		waited = append(waited, -1)
	}
	return waited
}

// heldWriter holds all but the first bytes of an answer back until held is closed: a video element
// would load all of a short film at once. It sends no more where the host fails by then.
type heldWriter struct {
	http.ResponseWriter
	free    int
	held    <-chan struct{}
	r       *http.Request
	failing *failure
}

func (w *heldWriter) Write(b []byte) (int, error) {
	if len(b) > w.free {
		select {
		case <-w.held:
		case <-w.r.Context().Done():
		}
		if w.failing.fails(w.r.Host) {
			panic(http.ErrAbortHandler)
		}
		w.free = math.MaxInt
	}
	w.free -= len(b)
	return w.ResponseWriter.Write(b)
}
