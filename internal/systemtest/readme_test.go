package systemtest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADME executes the transcripts of the README, in its order and in one shell, against a
// service that was just started as the README starts it, and compares what is printed with what the
// README says, twice. What differs from run to run is masked.
func TestREADME(t *testing.T) {
	readme := source(t, "README.md")
	if n := strings.Count(readme, "\n"); n >= 250 {
		t.Errorf("%d lines: a stranger reads 250", n)
	}
	var script, want strings.Builder
	for _, block := range blocks(readme, "console") {
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				// Where an answer does not end with a line feed, the terminal's prompt would follow
				// it.
				fmt.Fprintf(&script, "echo; echo '$'\n%s", command)
				want.WriteString("\n$\n")
			} else {
				want.WriteString(line)
			}
		}
	}
	if strings.Count(script.String(), "curl") < 4 {
		t.Fatalf("the README has lost its transcript:\n%s", script.String())
	}
	p := start(t, "-config", configured(t, readme))
	for range 2 { // whoever pastes it again sees the same
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(script.String(), "localhost:3002", p.addr))
		cmd.Env = append(os.Environ(), "PATH="+withCurl(t)+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got, want := mask(string(out)), mask(want.String()); got != want {
			t.Errorf("the transcript prints\n%s\nand the README says\n%s", got, want)
		}
	}
}

// configured executes the README's first block in a directory of its own, without its first line,
// which makes the program, and its last one, which starts it. It returns the configuration.
func configured(t *testing.T, readme string) string {
	t.Helper()
	block := regexp.MustCompile("(?s)```sh\nmake build\n(.*?)\n" +
		"\\./videotoken -config videotoken.yaml\n```").FindStringSubmatch(readme)
	if block == nil {
		t.Fatal("the README has lost its configuration")
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "videotoken")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-e")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(block[1])
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "videotoken.yaml")
}

// mask hides what differs from run to run, and the blank lines around a prompt.
func mask(s string) string {
	s = strings.ReplaceAll(s, "\r", "")
	for _, m := range []struct{ pattern, mask string }{
		{`token=[A-Za-z0-9_-]{32}`, "token=TOKEN"},
		{`exp=\d+~acl=([^~]*)~hmac=[0-9a-f]{64}`, "exp=TIME~acl=$1~hmac=MAC"}, {`Date: .*`, "Date: DATE"},
		{`X-Token-Expires: \d+`, "X-Token-Expires: TIME"}, {`\n+`, "\n"},
	} {
		s = regexp.MustCompile(m.pattern).ReplaceAllString(s, m.mask)
	}
	return strings.TrimSpace(s)
}

// withCurl is a directory with a curl in it where the machine has none: this test's own binary,
// which TestMain turns into as much of curl as the README uses.
func withCurl(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return "/nowhere"
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// curl is `curl [-s] [-i] [-H HEADER] [-d BODY] URL`.
func curl(args []string) error {
	request, err := http.NewRequest("GET", "", nil)
	if err != nil {
		return err
	}
	include := false
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-s":
		case "-si":
			include = true
		case "-H":
			i++
			name, value, _ := strings.Cut(args[i], ": ")
			request.Header.Set(name, value)
		case "-d":
			i++
			request.Method = "POST"
			request.Body = io.NopCloser(strings.NewReader(args[i]))
			request.ContentLength = int64(len(args[i]))
		default:
			if request.URL, err = request.URL.Parse(args[i]); err != nil {
				return err
			}
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if include {
		fmt.Printf("%s %s\n", response.Proto, response.Status)
		for _, name := range []string{"Date", "Content-Length", "X-Token-Path", "X-Token-Expires",
			"X-Token-Reason", "X-Token-Would-Refuse", "Cache-Control"} {
			if value := response.Header.Get(name); value != "" {
				fmt.Printf("%s: %s\n", name, value)
			}
		}
		fmt.Println()
	}
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
