package e2e

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "a folder to keep the demonstration's screenshots in")

// demo starts the command of `make demo` and returns the address that it prints.
func demo(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", binary, "./demo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary, root)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demonstration ended with %v", err)
		}
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if m := regexp.MustCompile(`http://\S+`).FindString(lines.Text()); m != "" {
			return m
		}
	}
	t.Fatal("the demonstration prints no address")
	return ""
}

// TestDemo uses the demonstration as a person does: the film plays, a changed token is refused and
// the page says why, a new token plays again.
func TestDemo(t *testing.T) {
	addr := demo(t)
	ctx := browser(t)
	playing := chromedp.Poll[float64]("!document.getElementById('screen').classList.contains('refused') && video.currentTime > 1 && video.currentTime", chromedp.WithPollingTimeout(30*time.Second))
	text := func(id string) string {
		s, err := chromedp.Run(ctx, chromedp.Text(chromedp.ID(id)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	shot := func(name string) {
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if n := colours(t, png); n < 50 {
			t.Errorf("%s: a picture of %d colours", name, n)
		}
		if *shots != "" {
			if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	press := func(id string) {
		if err := chromedp.Do(ctx, chromedp.Click(chromedp.ID(id))); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(reason string) {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool]("document.getElementById('screen').classList.contains('refused')", chromedp.WithPollingTimeout(10*time.Second)))
		if err != nil || text("status") != "403" || text("reason") != reason {
			t.Errorf("refused with %s %s, %v; want 403 %s", text("status"), text("reason"), err, reason)
		}
	}

	if err := chromedp.Do(ctx, chromedp.Navigate(addr)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, playing); err != nil {
		t.Fatalf("the film does not play: %v", err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("video.currentTime > 3", chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		t.Fatalf("the film stops: %v", err)
	}
	shot("playing")
	for _, want := range []string{"version 1, depth 2", "id 2", "16 bytes"} {
		if !strings.Contains(text("fields"), want) {
			t.Errorf("the token's fields lack %q:\n%s", want, text("fields"))
		}
	}
	before := text("left")
	changed := fmt.Sprintf("document.getElementById('left').textContent !== %q", before)
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](changed, chromedp.WithPollingTimeout(10*time.Second)))
	if after := text("left"); err != nil || !regexp.MustCompile(`^[12]:\d\d$`).MatchString(after) {
		t.Errorf("the time to expiry does not run down: %s, then %s, %v", before, after, err)
	}

	press("tamper")
	refused("signature")
	shot("refused")
	press("renew")
	if _, err := chromedp.Run(ctx, playing); err != nil {
		t.Errorf("a new URL does not play: %v", err)
	}
	press("elsewhere")
	refused("signature")
}
