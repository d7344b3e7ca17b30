// Package e2e runs the configurations of deploy/ with the programs they are for. It needs Linux and
// the packages of Debian and npm that install.sh installs, and no network but the loopback.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"videotoken/deploy/e2e/stack"
)

var (
	root   string // of the repository
	binary string // the service
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "videotoken-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if root, err = filepath.Abs("../.."); err == nil {
			binary, err = stack.Build(root, dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// up starts a stack for a test. If the test fails, its log has each program's output.
func up(t *testing.T, options stack.Options) *stack.Stack {
	t.Helper()
	options.Root, options.Binary = root, binary
	s, err := stack.New(options)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Logs())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
