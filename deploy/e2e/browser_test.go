package e2e

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"videotoken/deploy/e2e/stack"
)

//go:embed player.html
var playerPage []byte

// limit is for a test that fails.
const limit = 4 * time.Minute

// browser starts a headless Chromium with its own profile, and with more options. It connects to
// nothing but the loopback.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	var output bytes.Buffer
	dir := t.TempDir()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.CombinedOutput(&output), chromedp.WindowSize(1440, 900),
		chromedp.Env("HOME="+dir, "TMPDIR="+dir),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("mute-audio", true),
	}
	for _, name := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic",
		"no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, endAllocator := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("ending Chromium: %v", err)
		}
		endAllocator()
		if t.Failed() {
			t.Logf("--- the output of chromium:\n%s", output.Bytes())
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v\n%s", err, output.Bytes())
	}
	// ctx is the browser's; the test's actions have the limit.
	limited, cancel := context.WithTimeout(ctx, limit)
	t.Cleanup(cancel)
	return limited
}

// page serves the player's page and hls.js, and returns their origin.
func page(t *testing.T) (origin string) {
	t.Helper()
	return serve(t, pages(t))
}

// serve serves pages until the test ends, and returns their origin.
func serve(t *testing.T, pages http.Handler) (origin string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: pages, ReadHeaderTimeout: time.Minute}
	go s.Serve(ln)
	t.Cleanup(func() { _ = s.Close() })
	return "http://" + ln.Addr().String()
}

// pages has the player's page and hls.js.
func pages(t *testing.T) http.Handler {
	t.Helper()
	scripts, err := stack.Scripts(root)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(playerPage)
	})
	mux.Handle("GET /hls.min.js", http.FileServer(scripts))
	return mux
}

// call evaluates a JavaScript expression that is a promise of a string.
func call(ctx context.Context, format string, args ...any) (string, error) {
	return chromedp.Run(ctx,
		chromedp.Evaluate[string](fmt.Sprintf(format, args...), chromedp.EvalAwaitPromise))
}

func TestBrowser(t *testing.T) {
	files := makeFilm(t)
	player, stranger := page(t), page(t)
	s := up(t, stack.Options{Origin: http.FileServer(http.Dir(files)), Edges: []string{"nginx"},
		Player: player})
	service := "http://" + s.Service
	nginx := signFilm(t, s, s.Edges["nginx"], nil)
	ctx := browser(t)

	for _, c := range []struct {
		name  string
		index int
	}{{"MP4 in a video element", 0}, {"HLS with hls.js", 1}, {"HLS of fMP4 with hls.js", 2}} {
		t.Run(c.name, func(t *testing.T) {
			if err := chromedp.Do(ctx, chromedp.Navigate(player)); err != nil {
				t.Fatal(err)
			}
			src, err := call(ctx, "play(%q, %s, %d)", service, testFilm.Question(nil), c.index)
			if err != nil {
				t.Fatal(err)
			}
			at, err := chromedp.Run(ctx,
				chromedp.Poll[float64]("video.currentTime > 1.5 && video.currentTime",
					chromedp.WithPollingTimeout(20*time.Second)))
			if err != nil {
				title, _ := chromedp.Run(ctx, chromedp.Title())
				t.Fatalf("%s does not play: %v; the page says %q", src, err, title)
			}
			shot, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.ID("video")))
			if err != nil {
				t.Fatal(err)
			}
			if colours := colours(t, shot); colours < 50 {
				t.Errorf("the screenshot has %d colours: no picture", colours)
			} else {
				t.Logf("%s: at %.1f s, a picture of %d colours", strings.SplitN(src, "?", 2)[0], at, colours)
			}
			verified := 0
			for _, x := range s.Recorder.Take() {
				if x.Status == 200 {
					verified++
				}
			}
			if verified == 0 {
				t.Error("nothing was verified")
			}
		})
	}

	t.Run("an origin that is not allowed", func(t *testing.T) {
		question, err := json.Marshal(string(testFilm.Question(nil)))
		if err != nil {
			t.Fatal(err)
		}
		asks := fmt.Sprintf(
			`read(%q, {method: "POST", headers: {"Content-Type": "application/json"}, body: %s})`,
			service+"/video/token", question)
		watches := fmt.Sprintf("read(%q)", nginx[1])
		for origin, want := range map[string][2]string{player: {"200 ", "200 "},
			stranger: {"TypeError: Failed to fetch", "TypeError: Failed to fetch"}} {
			err := chromedp.Do(ctx, chromedp.Navigate(origin))
			asked, err1 := call(ctx, "%s", asks)
			watched, err2 := call(ctx, "%s", watches)
			if err := errors.Join(err, err1, err2); err != nil {
				t.Fatal(err)
			}
			if got := [2]string{asked, watched}; got != want {
				t.Errorf("a page of %s gets %q; want %q; the player's origin is %s", origin, got, want, player)
			}
		}
		res := ask(t, s.Service, "OPTIONS", "/video/token", "", "Origin: "+stranger,
			"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
		for name := range res.header {
			if strings.HasPrefix(name, "Access-Control-Allow-") {
				t.Errorf("the stranger's preflight is told %s: %s", name, res.header.Get(name))
			}
		}
	})

	t.Run("a page sees the reason", func(t *testing.T) {
		tampered := strings.Replace(nginx[0], "?token=E", "?token=F", 1)
		if err := chromedp.Do(ctx, chromedp.Navigate(player)); err != nil {
			t.Fatal(err)
		}
		if got, err := call(ctx, "read(%q)", tampered); err != nil || got != "403 signature" {
			t.Errorf("%q, %v; want 403 signature", got, err)
		}
	})
}

// colours is the number of colours of a picture.
func colours(t *testing.T, png []byte) int {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(png))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 2 {
		for x := b.Min.X; x < b.Max.X; x += 2 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 11, g >> 11, b >> 11}] = true // a screenshot of one colour has noise
		}
	}
	return len(seen)
}
