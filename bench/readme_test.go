package main

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
)

// TestREADME runs the examples of README.md as a shell reads them, shorter and over fewer
// connections, against the service as `make run` starts it.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?m)^    go run \./bench (run .*)$`).FindAllStringSubmatch(
		string(readme), -1)
	if len(examples) < 2 {
		t.Fatalf("README.md has lost its examples: %q", examples)
	}
	root, err := subject.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root) // where README.md has them pasted
	binary := filepath.Join(t.TempDir(), "videotoken")
	if err := subject.Build(t.Context(), root, ".", binary); err != nil {
		t.Fatal(err)
	}
	if recipe, err := exec.CommandContext(t.Context(), "make", "-n", "--no-print-directory",
		"run").Output(); err != nil || !strings.HasSuffix(string(recipe), "\nexec ./videotoken -demo\n") {
		t.Fatalf("make run runs %q, error %v; this test starts the service with -demo", recipe, err)
	}
	p, err := subject.Start(t.Context(),
		subject.Command{Args: []string{binary, "-demo", "-listen", "{listen}", "-admin", "{admin}"},
			Ready: "/healthz"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	local, err := subject.Start(t.Context(),
		subject.Command{Args: []string{binary, "-demo", "-listen", "{socket}", "-admin", "off"},
			Ready: "/healthz"})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Stop()
	for _, example := range examples {
		words, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n' `+example[1]).Output()
		if err != nil {
			t.Fatalf("%s: %v", example[1], err)
		}
		args := strings.Split(strings.TrimSuffix(string(words), "\n"), "\n")
		last := len(args) - 1
		if i := slices.Index(args, "http://localhost:9302"); i >= 0 { // the demonstration's admin port
			args[i] = p.Admin
		}
		asked, isUnix := strings.CutPrefix(args[last], "unix:/run/videotoken.sock:")
		if isUnix {
			asked = local.URL + asked
		} else {
			u, err := url.Parse(asked)
			if err != nil || u.Host != "localhost:3002" {
				t.Errorf("%s: it asks %q, and make run listens on localhost:3002", example[1], args[last])
				continue
			}
			asked = p.URL + u.RequestURI()
		}
		// The flags that come later hold.
		args = slices.Concat(args[:last], []string{"-c", "10", "-W", "0", "-d", "300ms", "-o", ""},
			[]string{asked})
		// A busy machine can make the open loop's run invalid, but not the answers wrong.
		if stdout, stderr, err := bench(args...); err != nil && !errors.Is(err, record.ErrInvalid) {
			t.Errorf("%s: %v\n%s%s", example[1], err, stdout, stderr)
		}
	}
}
