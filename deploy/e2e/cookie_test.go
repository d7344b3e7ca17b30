package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"videotoken/deploy/e2e/stack"
)

// site is a domain with a page, the service and an edge on hosts of their own, behind TLS, without
// which browsers take no Secure cookies.
type site struct {
	front   *httptest.Server
	edge    *cookieEdge
	service string // the origin of the service
	cdn     string // the origin of the edge
}

const domain = "video.test"

// newSite starts the hosts. The page is on pageHost.
func newSite(t *testing.T, scheme cookieScheme, pageHost, films string) *site {
	t.Helper()
	mux := http.NewServeMux()
	s := &site{front: httptest.NewTLSServer(mux)}
	t.Cleanup(s.front.Close)
	_, port, _ := strings.Cut(s.front.Listener.Addr().String(), ":")
	s.service, s.cdn = "https://api."+domain+":"+port, "https://edge."+domain+":"+port
	player := "https://" + pageHost + ":" + port
	s.edge = &cookieEdge{scheme: scheme, player: player, films: http.FileServer(http.Dir(films))}
	entry := fmt.Sprintf("{name: cookies, url: %q, %s, cookies: {domain: %s}}", s.cdn, scheme.entry,
		domain)
	services := up(t, stack.Options{Origin: http.NotFoundHandler(), Player: player, Credentials: true,
		CDNs: []string{entry}})
	mux.Handle(pageHost+"/", pages(t))
	mux.Handle("edge."+domain+"/", s.edge)
	service := &url.URL{Scheme: "http", Host: services.Service}
	mux.Handle("api."+domain+"/", httputil.NewSingleHostReverseProxy(service))
	return s
}

// do sends a request to one of the hosts, past the name's resolution.
func (s *site) do(t *testing.T, method, target string, body []byte,
	cookies ...*http.Cookie) *http.Response {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	host := u.Host
	u.Host = s.front.Listener.Addr().String()
	req, err := http.NewRequest(method, u.String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	req.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		req.AddCookie(c)
	}
	res, err := s.front.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// open has the page ask for the film and play one of its sources, four times as fast as it is. It
// does not wait for the end.
func (s *site) open(t *testing.T, ctx context.Context, index int, asks string, watches bool) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(s.edge.player)); err != nil {
		t.Fatal(err)
	}
	s.edge.take()
	const plays = `video.defaultPlaybackRate = 4,
		play(%q, %s, %d, %q, %t).catch((e) => { document.title = e; }), Promise.resolve("")`
	if _, err := call(ctx, plays, s.service, testFilm.Question(nil), index, asks,
		watches); err != nil {
		t.Fatal(err)
	}
}

// plays plays a source, of the folder name, to its end.
func (s *site) plays(t *testing.T, ctx context.Context, index int, name string) {
	t.Helper()
	s.open(t, ctx, index, "include", true)
	const ended = "(video.ended || document.title !== 'player') && video.currentTime + 1e-9"
	limit := chromedp.WithPollingTimeout(60 * time.Second)
	end, err := chromedp.Run(ctx, chromedp.Poll[float64](ended, limit))
	if err != nil || end < testFilm.Length.Seconds()-0.2 {
		title, _ := chromedp.Run(ctx, chromedp.Title())
		t.Fatalf("it ended at %.1f s: %v; the page says %q", end, err, title)
	}
	s.checkAnswers(t, name)
}

// refuses waits until hls.js gives up, and checks that the edge got no cookie and served nothing.
func (s *site) refuses(t *testing.T, ctx context.Context, asks string, watches bool) {
	t.Helper()
	s.open(t, ctx, 1, asks, watches)
	const failed = "document.title !== 'player' && `${document.title} ${video.readyState}`"
	limit := chromedp.WithPollingTimeout(20 * time.Second)
	got, err := chromedp.Run(ctx, chromedp.Poll[string](failed, limit))
	if want := "hls.js: manifestLoadError 403 0"; err != nil || got != want {
		t.Errorf("the page says %q, %v; want %q", got, err, want)
	}
	answers := s.edge.take()
	for _, a := range answers {
		if a.status != http.StatusForbidden || a.cookies != 0 {
			t.Errorf("%s, with %d cookies, was answered with %d", a.path, a.cookies, a.status)
		}
	}
	if len(answers) == 0 {
		t.Error("the edge was not asked")
	}
}

// siteBrowser starts a browser that finds every host of the top-level domain test here. It takes
// the cookies of other sites than the page's, or blocks them, as its user would set.
func siteBrowser(t *testing.T, others bool) context.Context {
	t.Helper()
	profile := t.TempDir()
	mode := 1 // Chromium's CookieControlsMode: block cookies of other sites
	if others {
		mode = 0
	}
	preferences := fmt.Appendf(nil, `{"profile": {"cookie_controls_mode": %d}}`, mode)
	dir := filepath.Join(profile, "Default")
	if err := errors.Join(os.Mkdir(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "Preferences"), preferences, 0o600)); err != nil {
		t.Fatal(err)
	}
	return browser(t, chromedp.UserDataDir(profile), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"))
}

// TestCookies plays films in a browser that finds the page, the service and the edge on three hosts
// of one domain: the cookies that the service sets open the edge.
func TestCookies(t *testing.T) {
	films := makeFilm(t)
	for _, scheme := range cookieSchemes(t) {
		t.Run(scheme.name, func(t *testing.T) {
			s := newSite(t, scheme, "page."+domain, films)
			t.Run("a changed cookie", s.testChanged)
			ctx := siteBrowser(t, false)
			t.Run("the page asks without credentials", func(t *testing.T) {
				s.refuses(t, ctx, "omit", true)
			})
			t.Run("HLS", func(t *testing.T) { s.plays(t, ctx, 1, "ts") })
			t.Run("HLS of fMP4", func(t *testing.T) { s.plays(t, ctx, 2, "fmp4") })
			t.Run("hls.js without credentials", func(t *testing.T) { s.refuses(t, ctx, "include", false) })
			t.Run("another directory", func(t *testing.T) {
				wanted := map[string]string{"/film/ts/master.m3u8": "200 ", "/film/film.mp4": "403 "}
				for target, want := range wanted {
					got, err := call(ctx, "read(%q, {credentials: 'include'})", s.cdn+target)
					if err != nil || got != want {
						t.Errorf("%s: %q, %v; want %q", target, got, err, want)
					}
				}
			})
		})
	}
}

// TestCookiesElsewhere has the page on another domain than the service and the edge. The cookies
// are SameSite=None. They open the edge only if the browser accepts cookies of other sites.
func TestCookiesElsewhere(t *testing.T) {
	s := newSite(t, cookieSchemes(t)[0], "page.player.test", makeFilm(t))
	t.Run("taken", func(t *testing.T) { s.plays(t, siteBrowser(t, true), 1, "ts") })
	t.Run("blocked", func(t *testing.T) { s.refuses(t, siteBrowser(t, false), "include", true) })
}

// checkAnswers checks that the edge served every segment of a film, each with its cookies, and
// refused nothing.
func (s *site) checkAnswers(t *testing.T, name string) {
	segments := map[string]bool{}
	answers := s.edge.take()
	for _, a := range answers {
		if a.status != http.StatusOK || a.cookies != s.edge.scheme.cookies ||
			!strings.HasPrefix(a.path, "/film/"+name+"/") {
			t.Errorf("%s, with %d cookies, was answered with %d", a.path, a.cookies, a.status)
		}
		if file := path.Base(a.path); strings.HasPrefix(file, "seg-") {
			segments[file] = true
		}
	}
	if want := int(testFilm.Length / (2 * time.Second)); len(segments) != want {
		t.Errorf("%d segments were played, want %d: %v", len(segments), want, answers)
	}
	t.Logf("%d segments, %d requests", len(segments), len(answers))
}

// testChanged sends the edge the service's cookies, and then each of them with one character
// changed: an edge that does not look at them would prove nothing.
func (s *site) testChanged(t *testing.T) {
	const target = "/film/ts/master.m3u8"
	var cookies []*http.Cookie
	for _, c := range s.do(t, "POST", s.service+"/video/token", testFilm.Question(nil)).Cookies() {
		if strings.HasPrefix(target, c.Path) {
			cookies = append(cookies, c)
		}
	}
	status := s.do(t, "GET", s.cdn+target, nil, cookies...).StatusCode
	if status != http.StatusOK || len(cookies) != s.edge.scheme.cookies {
		t.Fatalf("%d cookies are answered with %d", len(cookies), status)
	}
	for i, c := range cookies {
		for at := range c.Value {
			changed := append([]*http.Cookie{}, cookies...)
			other := "A"
			if c.Value[at] == 'A' {
				other = "B"
			}
			changed[i] = &http.Cookie{Name: c.Name, Value: c.Value[:at] + other + c.Value[at+1:]}
			res := s.do(t, "GET", s.cdn+target, nil, changed...)
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%v is answered with %d", changed[i], res.StatusCode)
			}
		}
	}
}
