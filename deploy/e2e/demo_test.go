package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestDemo uses the demonstration as a person does.
func TestDemo(t *testing.T) {
	v := &viewer{addr: startDemo(t), ctx: browser(t)}
	for _, c := range []struct {
		name string
		test func(v *viewer)
	}{
		{"renewal", testDemoRenewal}, {"layout", testDemoLayout}, {"CDN off", testDemoCDN},
		{"forgery", testDemoForgery}, {"revoked", testDemoRevoked}, {"expiry", testDemoExpiry},
		{"MP4", testDemoMP4}, {"answers", testDemoAnswers}, {"access", testDemoAccess},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(&viewer{t, v.ctx, v.addr}) })
	}
}

// testDemoRenewal sees the film go on with one token after the other, each asked for at nginx.
func testDemoRenewal(v *viewer) {
	v.open()
	v.await(`document.querySelectorAll("#timeline [data-token]:not([data-asked='0'])").length >= 3`)
	for _, want := range []string{"version 1, depth 2", "session, renewal", "16 bytes"} {
		if !strings.Contains(v.text("fields"), want) {
			v.t.Errorf("the token's fields lack %q:\n%s", want, v.text("fields"))
		}
	}
	if got := v.text("left"); !regexp.MustCompile(`^0:(0\d|1[0-3])$`).MatchString(got) {
		v.t.Errorf("the token ends in %s", got)
	}
	if got := v.text("until"); !strings.HasPrefix(got, "It is renewed in ") {
		v.t.Errorf("of its end the page says %q", got)
	}
	for _, l := range v.log() {
		if l.Status != "200" || l.CDN != v.text("cdn") || !strings.HasPrefix(l.Path, "/~…/film/ts/") {
			v.t.Errorf("the log has %+v", l)
		}
	}
	if got := v.text("rendition"); got != "960×540" && got != "480×270" {
		v.t.Errorf("the rendition is %s", got)
	}
}

// testDemoCDN switches off the CDN that serves the film: the other one goes on.
func testDemoCDN(v *viewer) {
	v.open()
	from, to := v.text("cdn"), "nginx"
	if from == to {
		to = "nginx-2"
	}
	second := v.second()
	v.press("switch-" + from)
	v.await("cdn.textContent === %q", to)
	// Eight seconds more than all that was loaded before.
	v.await("video.currentTime > %g", second+8)
	if l := v.log()[0]; l.CDN != to || l.Status != "200" {
		v.t.Errorf("nginx was asked last: %+v; want %s", l, to)
	}
	if !eval[bool](v, fmt.Sprintf("document.getElementById('switch-%s').disabled", to)) {
		v.t.Errorf("%s can be switched off too", to)
	}
	v.press("switch-" + from)
	v.await("!document.getElementById('switch-%s').disabled", to)
	v.press("switch-" + to)
	v.await("cdn.textContent === %q", from)
	v.plays()
	v.lookAll("switched")
	v.picture()
	v.press("switch-" + to)
	v.await("document.getElementById('switch-%s').textContent.endsWith('off')", to)
}

// testDemoForgery gives the token more time: nginx refuses it, and the page shows it as forged.
func testDemoForgery(v *viewer) {
	v.open()
	v.press("forge")
	v.refused("signature")
	left, marked := v.text("left"), eval[string](v, "left.className")
	if !regexp.MustCompile(`^1:00:\d\d$`).MatchString(left) || marked != "forged" {
		v.t.Errorf("the forged time is %s, shown as %q", left, marked)
	}
	until, fields := v.text("until"), v.text("fields")
	if !strings.Contains(fields, "forged: ") || !strings.Contains(until, "forged") {
		v.t.Errorf("the page says %s\n%s", until, fields)
	}
	if l := v.log()[0]; l.Status != "403" || l.Answer != "signature" || l.Token != "forged" {
		v.t.Errorf("nginx was asked last: %+v", l)
	}
	v.press("remedy")
	v.plays()
	if strings.Contains(v.text("fields"), "forged") || eval[string](v, "left.className") != "" {
		v.t.Errorf("after that, the page says %s", v.text("fields"))
	}
	v.press("elsewhere")
	v.refused("signature")
	v.press("remedy")
	v.plays()

	// The keyboard gets at the last byte, changes it, and changes it back.
	if err := chromedp.Do(v.ctx, chromedp.Focus(chromedp.CSS("#bytes button[tabindex='0']")),
		chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Enter)); err != nil {
		v.t.Fatal(err)
	}
	v.refused("signature")
	if n := eval[int](v, "document.querySelectorAll('#bytes .changed').length"); n != 1 {
		v.t.Errorf("%d bytes are changed", n)
	}
	if err := chromedp.Do(v.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		v.t.Fatal(err)
	}
	v.plays()
}

// testDemoRevoked revokes the session: the film stops, and the page says why.
func testDemoRevoked(v *viewer) {
	v.open()
	second, loaded := v.second(), eval[float64](v, "parseFloat(ahead.textContent)")
	v.press("revoke")
	v.refused("revoked")
	if at := v.second(); at > second+loaded+2*segment {
		v.t.Errorf("stopped at %g s, with %g s loaded at %g s", at, loaded, second)
	}
	if got := v.text("news"); !strings.Contains(got, "revoked") {
		v.t.Errorf("the page says %q", got)
	}
	v.lookAll("revoked")
	v.press("remedy")
	v.plays()

	// A session can be revoked whose tokens are not renewed; another film begins a new one.
	v.press("renewing")
	v.press("revoke")
	v.await("revoke.textContent === 'Start a new session'")
	if err := chromedp.Do(v.ctx, chromedp.Click(chromedp.CSS("input[value=mp4]"))); err != nil {
		v.t.Fatal(err)
	}
	v.plays()
}

// testDemoExpiry has a token end without another one: nginx refuses it from when the page says.
func testDemoExpiry(v *viewer) {
	v.open()
	v.press("renewing")
	v.await(`until.textContent.includes("requests are refused")`)
	shown := regexp.MustCompile(`\d\d:\d\d:\d\d`).FindString(v.text("until"))
	from, err := time.ParseInLocation("15:04:05", shown, time.Local)
	if err != nil {
		v.t.Fatal(err)
	}
	v.refused("expired")
	left, until := v.text("left"), v.text("until")
	if left != "0:00" || !strings.Contains(until, "over") {
		v.t.Errorf("at the end the page says %s, %s", left, until)
	}
	for _, l := range v.log() {
		at := time.UnixMilli(l.At)
		// The page says the time of day alone.
		y, m, d := at.Date()
		late := at.Sub(time.Date(y, m, d, from.Hour(), from.Minute(), from.Second(), 0, time.Local))
		late = (late+36*time.Hour)%(24*time.Hour) - 12*time.Hour
		// The service decides a little after nginx has asked.
		if good := l.Status == "200"; (good && late >= 0) || (!good && late < -time.Second) {
			v.t.Errorf("at %v: %+v; the page said that nginx refuses from %s on", at, l, shown)
		}
	}
	v.press("remedy")
	v.plays()
}

// testDemoMP4 plays the same film from its MP4.
func testDemoMP4(v *viewer) {
	v.open()
	if err := chromedp.Do(v.ctx, chromedp.Click(chromedp.CSS("input[value=mp4]"))); err != nil {
		v.t.Fatal(err)
	}
	v.await(`document.querySelector("#log li").textContent.includes("/film/film.mp4?token=")`)
	v.plays()
	if !strings.Contains(v.text("url"), "/film/film.mp4?token=") {
		v.t.Errorf("the page has the URL %s", v.text("url"))
	}
}

// testDemoAnswers asks for everything that the page does: nothing is kept, and a page of another
// origin can revoke nothing and switch nothing off.
func testDemoAnswers(v *viewer) {
	paths := []string{"", "demo.css", "demo.js", "settings.json", "hls.min.js", "events",
		"player/videotoken-player.js", "nothing"}
	for _, path := range paths {
		res, err := http.Get(v.addr + path)
		if err != nil {
			v.t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			v.t.Errorf("/%s has Cache-Control: %s", path, got)
		}
	}
	// The ports after the page's: the CDNs', the service's and its admin listener's.
	here, err := url.Parse(v.addr)
	if err != nil {
		v.t.Fatal(err)
	}
	first, err := strconv.Atoi(here.Port())
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := http.Get(v.addr + "settings.json")
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	var settings struct {
		Service string
		CDNs    map[string]string
	}
	if err := json.NewDecoder(res.Body).Decode(&settings); err != nil || len(settings.CDNs) != 2 {
		v.t.Fatalf("%+v, %v", settings, err)
	}
	for _, addr := range append(slices.Collect(maps.Values(settings.CDNs)), settings.Service) {
		u, err := url.Parse(addr)
		if err != nil {
			v.t.Fatal(err)
		}
		if port, err := strconv.Atoi(u.Port()); err != nil || port <= first || port > first+5 {
			v.t.Errorf("%s is not at one of the five ports after %d", addr, first)
		}
	}
	for _, path := range []string{"revoke", "cdn"} {
		res := ask(v.t, strings.TrimSuffix(strings.TrimPrefix(v.addr, "http://"), "/"), "POST", "/"+path,
			`{"name": "nginx", "session": "`+session+`"}`, "Sec-Fetch-Site: cross-site")
		if res.status != http.StatusForbidden {
			v.t.Errorf("POST /%s from another site is answered with %d", path, res.status)
		}
	}
}
