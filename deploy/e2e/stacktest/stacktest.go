// Package stacktest is what the tests of several packages do with a service and its edges: see
// package stack.
//
// A package's TestMain calls [Main], and its tests call [Up].
package stacktest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"videotoken/deploy/e2e/stack"
)

// Main builds the service, runs a package's tests, and returns the exit status for os.Exit. It
// first sets *root to the repository, which up leads to from the package's folder, and *binary to
// the service.
func Main(m *testing.M, up string, root, binary *string) int {
	dir, err := os.MkdirTemp("", "videotoken-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *root, err = filepath.Abs(up); err == nil {
		*binary, err = stack.Build(*root, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Up starts a stack for a test. If the test fails, its log has each program's output.
func Up(t *testing.T, options stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.New(options)
	Close(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Close closes programs when a test ends. If the test has failed, its log has what they printed.
func Close(t *testing.T, programs interface {
	Logs() string
	Close() error
}) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(programs.Logs())
		}
		if err := programs.Close(); err != nil {
			t.Error(err)
		}
	})
}
