package e2e

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var (
	shots   = flag.String("shots", "", "a folder to keep the demonstration's screenshots in")
	picture = flag.String("picture", "", "a file to keep the README's picture in")
)

// startDemo starts the command of `make demo` on fixed ports, and returns the address that it
// prints. Ctrl-C ends it at the test's end, with exit status 0.
func startDemo(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", binary, "./demo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port := freePorts(t, 6)
	cmd := exec.Command(binary, "-port", strconv.Itoa(port), root)
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
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demonstration ended with %v", err)
		}
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if m := regexp.MustCompile(`http://\S+`).FindString(lines.Text()); m != "" {
			if want := fmt.Sprintf("http://127.0.0.1:%d/", port); m != want {
				t.Errorf("the page is at %s; want %s", m, want)
			}
			return m
		}
	}
	t.Fatal("the demonstration prints no address")
	return ""
}

// freePorts returns the first of some free ports in a row.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for first := 20000; first < 32000; first += n {
		free := 0
		for ; free < n; free++ {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+free))
			if err != nil {
				break
			}
			_ = ln.Close()
		}
		if free == n {
			return first
		}
	}
	t.Fatalf("there are no %d free ports in a row", n)
	return 0
}

// viewer is a person at the demonstration's page.
type viewer struct {
	t    *testing.T
	ctx  context.Context
	addr string
}

// open opens the page anew, and waits until the film plays.
func (v *viewer) open() {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.Navigate(v.addr)); err != nil {
		v.t.Fatal(err)
	}
	v.plays()
}

// await waits until a JavaScript expression is true.
func (v *viewer) await(format string, args ...any) {
	v.t.Helper()
	expression := fmt.Sprintf(format, args...)
	_, err := chromedp.Run(v.ctx, chromedp.Poll[bool](
		"!!("+expression+")", chromedp.WithPollingTimeout(time.Minute)))
	if err != nil {
		page, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		v.t.Fatalf("%s: %v; the page says:\n%s", expression, err, page)
	}
}

// plays waits until the film has played on for two seconds from where it is.
func (v *viewer) plays() {
	v.t.Helper()
	v.await("document.querySelector('#screen:not(.refused) video')?.readyState > 1")
	v.await("!video.paused && video.currentTime > %g", v.second()+2)
}

func (v *viewer) second() float64 {
	v.t.Helper()
	return eval[float64](v, "video.currentTime")
}

func eval[T any](v *viewer, expression string) T {
	v.t.Helper()
	value, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		v.t.Fatal(err)
	}
	return value
}

func (v *viewer) text(id string) string {
	v.t.Helper()
	return eval[string](v, fmt.Sprintf("document.getElementById(%q).innerText", id))
}

func (v *viewer) press(id string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.Click(chromedp.ID(id))); err != nil {
		v.t.Fatal(err)
	}
}

// refused waits until the page says that the edge refuses the film, and why.
func (v *viewer) refused(reason string) {
	v.t.Helper()
	v.await("!verdict.hidden")
	if status, got := v.text("status"), v.text("reason"); status != "403" || got != reason {
		v.t.Errorf("refused with %s %s; want 403 %s", status, got, reason)
	}
}

// logged is a line of the page's log: a question of nginx's, and the service's answer.
type logged struct {
	At                               int64
	CDN, Status, Path, Token, Answer string
}

func (v *viewer) log() []logged {
	v.t.Helper()
	return eval[[]logged](v, `[...document.querySelectorAll("#log li")].map((li) => {
		const [, CDN, Status, Path, Token, Answer] = [...li.children].map((e) => e.textContent);
		return {At: Number(li.dataset.at), CDN, Status, Path, Token, Answer};
	})`)
}
