package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoConfiguration: without a configuration nothing is served by accident.
func TestNoConfiguration(t *testing.T) {
	for _, args := range [][]string{nil, {"-listen", "127.0.0.1:0"}, {"-check"}, {"-config", ""}} {
		out, errs, status := command(t, args...)
		if status != 2 || out != "" || !strings.HasPrefix(errs, "videotoken: no configuration.") ||
			!strings.Contains(errs, "videotoken -demo") {
			t.Errorf("%q: %d, %q, %q", args, status, out, errs)
		}
	}
}

func TestDemonstration(t *testing.T) {
	p := start(t)
	if !strings.Contains(postSeed(t, p.addr), "https://cdn-1.example/") {
		t.Error("not the first example CDN")
	}
	if m := p.messages(); !strings.HasPrefix(m[0], "WARN configuration: this is a demonstration") {
		t.Errorf("logged %q", m)
	}
}

// TestDemonstrationOrConfiguration: both at once can only be a mistake, also where the environment
// names the file.
func TestDemonstrationOrConfiguration(t *testing.T) {
	file := configure(t)
	_, errs, status := command(t, "-demo", "-config", file)
	if want := "videotoken: -demo and the configuration " + file +
		": choose one of them\n"; status != 2 || errs != want {
		t.Errorf("%d, %q", status, errs)
	}
	cmd := exec.Command(binary, "-demo")
	cmd.Env = append(os.Environ(), "VIDEOTOKEN_CONFIG="+file)
	if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 ||
		!strings.Contains(string(out), "choose one") {
		t.Errorf("%v, %s", cmd.ProcessState, out)
	}
}

// TestCheck: -check reads a configuration as serving does, and serves nothing.
// noCallers is the warning for a configuration without callers.
const noCallers = "there are no callers: whoever reaches the service gets URLs signed"

func TestCheck(t *testing.T) {
	good := configure(t)
	if out, errs, status := command(t, "-check", "-config", good); status != 0 ||
		out != "the configuration is valid\n" || errs != "warning: "+noCallers+"\n" {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
	if _, errs, status := command(t, "-check", "-config", good, "-listen", "nowhere"); status != 1 ||
		!strings.Contains(errs, `-listen "nowhere": must be HOST:PORT`) {
		t.Errorf("a flag: %d, %q", status, errs)
	}
	if err := os.Chmod(good, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errs, status := command(t, "-check", "-config", good); status != 0 || out == "" ||
		!strings.HasPrefix(errs, "warning: "+good+" has a secret in it") {
		t.Errorf("a warning: %d, %q, %q", status, out, errs)
	}
	bad := filepath.Join(t.TempDir(), "videotoken.yaml")
	if err := os.WriteFile(bad, []byte("listen: nowhere\ntoken: {ttl: 1}\nunknown: 1\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-check", "-config", bad}, {"-config", bad}} {
		out, errs, status := command(t, args...)
		lines := strings.Split(strings.TrimSpace(errs), "\n")
		if status != 1 || out != "" || len(lines) != 4 ||
			!strings.HasSuffix(lines[3], bad+": cdns: is missing: list at least one CDN") ||
			!strings.HasPrefix(lines[0], "videotoken: "+bad+": line 1, column 9: listen: ") ||
			!strings.HasPrefix(lines[1], bad+": line 2, column 14: token.ttl: ") ||
			!strings.HasPrefix(lines[2], bad+": line 3, column 1: unknown: ") {
			t.Errorf("%q: %d, %q, %q", args, status, out, errs)
		}
	}
	if _, errs, status := command(t, "-check", "-config", "/nowhere"); status != 1 ||
		!strings.Contains(errs, "no such file") {
		t.Errorf("no file: %d, %q", status, errs)
	}
}
