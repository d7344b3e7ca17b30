package stack

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clockVariable names the file that says by how much the clock of a service of BuildClock is wrong.
const clockVariable = "VIDEOTOKEN_TEST_CLOCK"

// clockSource has the clock of BuildClock.
const clockSource = `package main

import (
	"os"
	"time"
)

// wrongNow is the time, and as much more as a file says.
func wrongNow() time.Time {
	text, _ := os.ReadFile(os.Getenv("` + clockVariable + `"))
	wrong, _ := time.ParseDuration(string(text))
	return time.Now().Add(wrong)
}

// brokenNow is wrongNow. It panics if the file says so: no request is known that makes the service
// panic.
func brokenNow() time.Time {
	if text, _ := os.ReadFile(os.Getenv("` + clockVariable + `")); string(text) == "panic" {
		panic("the test's panic")
	}
	return wrongNow()
}
`

// BuildClock builds the service into dir with a clock that SetClock sets: the two places where main
// hands time.Now to a part have another function. All else is as it is.
func BuildClock(root, dir string) (string, error) {
	replace := map[string]string{}
	write := func(name, text string) error {
		file := filepath.Join(dir, name)
		replace[filepath.Join(root, name)] = file
		return os.WriteFile(file, []byte(text), 0o600)
	}
	for name, change := range map[string][2]string{
		"serve.go":  {"s.log, nil)", "s.log, brokenNow)"},
		"revoke.go": {"Now: time.Now}", "Now: wrongNow}"},
	} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "", err
		}
		if strings.Count(string(b), change[0]) != 1 {
			return "", fmt.Errorf("%s does not have %q once", name, change[0])
		}
		if err := write(name, strings.Replace(string(b), change[0], change[1], 1)); err != nil {
			return "", err
		}
	}
	if err := write("testclock.go", clockSource); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "videotoken-clock")
	cmd := exec.Command("go", "build", "-overlay", file, "-o", binary, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the service with another clock: %w\n%s", err, out)
	}
	return binary, nil
}

func (in *Instance) clock() string { return in.config + ".clock" }

// SetClock sets the clock of an instance of BuildClock, from its next request on, to the time and
// as much more.
func (in *Instance) SetClock(wrong time.Duration) error { return in.setClock(wrong.String()) }

// BreakClock has every request to an instance of BuildClock panic that asks for the time.
func (in *Instance) BreakClock() error { return in.setClock("panic") }

func (in *Instance) setClock(text string) error {
	next := in.clock() + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(next, in.clock())
}
