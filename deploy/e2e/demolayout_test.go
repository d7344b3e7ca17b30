package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// collisions finds the elements with text that run off the page, that are too narrow for their
// text, or that overlap.
const collisions = `(() => {
	const selector = "h1, h2, p, b, dt, dd, legend, label, button, code, em, li > *, #timeline text";
	const all = [...document.querySelectorAll(selector)].filter((e) =>
		e.checkVisibility() && e.textContent.trim() && !e.querySelector(selector));
	const box = (e) => e.getBoundingClientRect(), found = [];
	const name = (e) => e.tagName + " " + JSON.stringify(e.textContent.trim().slice(0, 40));
	if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
	all.forEach((e, i) => {
		const a = box(e);
		if (a.left < 0 || a.right > innerWidth) found.push(name(e) + " runs off");
		// The paths of the log end with three dots where they are too long.
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && !e.matches("li span")) {
			found.push(name(e) + " is cut");
		}
		for (const other of all.slice(i + 1)) {
			const b = box(other);
			const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
			const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
			if (x > 1 && y > 1) found.push(name(e) + " overlaps " + name(other));
		}
	});
	return [String(all.length), ...found];
})()`

// testDemoLayout looks at the page on a telephone and on a desk, in both colour schemes, while the
// film plays and while it is refused: nothing overlaps or runs off.
func testDemoLayout(v *viewer) {
	v.open()
	v.lookAll("playing")
	v.press("forge")
	v.refused("signature")
	v.lookAll("refused")
}

// lookAll looks at the page as it is, in each width and scheme.
func (v *viewer) lookAll(name string) {
	v.t.Helper()
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"dark", "light"} {
			err := chromedp.Do(v.ctx, chromedp.EmulateViewport(width, 900), prefer(scheme))
			if err != nil {
				v.t.Fatal(err)
			}
			v.await("timeline.viewBox.baseVal.width === timeline.clientWidth") // it was drawn anew
			v.look(fmt.Sprintf("%s-%d-%s", name, width, scheme))
		}
	}
}

// prefer has the browser ask for a colour scheme.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

func (v *viewer) look(name string) {
	v.t.Helper()
	found := eval[[]string](v, collisions)
	if len(found) != 1 {
		v.t.Errorf("%s: %s", name, strings.Join(found[1:], "\n"))
	}
	v.t.Logf("%s: %s elements with text", name, found[0])
	png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Fatal(err)
	}
	if n := colours(v.t, png); n < 50 {
		v.t.Errorf("%s: a picture of %d colours", name, n)
	}
	if *shots != "" {
		if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
}

// picture makes the README's picture of the page, of 200 KB at most: ffmpeg takes the colours that
// nobody sees out of the screenshot.
func (v *viewer) picture() {
	v.t.Helper()
	const most = 200 << 10
	err := chromedp.Do(v.ctx, chromedp.EmulateViewport(1280, 950), prefer("light"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.await("timeline.querySelectorAll('[data-token]')[4]?.dataset.asked > 0")
	v.await("(scrollTo(0, 0), scrollY === 0)")
	v.await("timeline.viewBox.baseVal.width === timeline.clientWidth")
	png, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		v.t.Fatal(err)
	}
	cmd := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "png_pipe", "-i", "-",
		"-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=sierra2_4a",
		"-f", "image2pipe", "-c:v", "png", "-")
	cmd.Stdin = bytes.NewReader(png)
	small, err := cmd.Output()
	if err != nil || len(small) == 0 || len(small) > most {
		v.t.Fatalf("ffmpeg made a picture of %d bytes, %v; want %d at most", len(small), err, most)
	}
	v.t.Logf("the picture has %d bytes", len(small))
	if *picture != "" {
		if err := os.WriteFile(*picture, small, 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
}

// unnamed finds the controls that have no name for a screen reader.
const unnamed = `[...document.querySelectorAll("button, input, video, svg, [role]")].filter((e) =>
	e.checkVisibility() && !(e.ariaLabel || e.labels?.[0]?.textContent || e.textContent).trim()
).map((e) => e.outerHTML.slice(0, 80))`

// focused is the control that has the focus: how it is found again, and whether that can be seen.
const focused = `(() => {
	const e = document.activeElement, at = e.closest("#bytes") ? "bytes" : e.id || e.name;
	const seen = [e, e.closest("label")].some((x) => x && getComputedStyle(x).outlineStyle !== "none");
	return [at || e.tagName, seen ? "" : "the focus cannot be seen"];
})()`

// testDemoAccess uses the page by keyboard, and as a screen reader does: every control has a name
// and gets the focus in turn, and what happens is said in a live region.
func testDemoAccess(v *viewer) {
	v.open()
	if found := eval[[]string](v, unnamed); len(found) > 0 {
		v.t.Errorf("without a name: %s", strings.Join(found, "\n"))
	}
	if !eval[bool](v, `news.matches("[role=status], [aria-live=polite]")`) {
		v.t.Error("what happens is not in a live region")
	}
	left := map[string]bool{"video": true, "kind": true, "revoke": true, "renewing": true,
		"forge":     true,
		"elsewhere": true, "switch-nginx": true, "switch-nginx-2": true, "bytes": true}
	for range 60 {
		if len(left) == 0 {
			return
		}
		if err := chromedp.Do(v.ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			v.t.Fatal(err)
		}
		got := eval[[]string](v, focused)
		if left[got[0]] && got[1] != "" {
			v.t.Errorf("%s: %s", got[0], got[1])
		}
		delete(left, got[0])
	}
	v.t.Errorf("the keyboard does not get at %v", slices.Sorted(maps.Keys(left)))
}
