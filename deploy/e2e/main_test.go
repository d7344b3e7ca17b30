// Package e2e runs the configurations of deploy/ with the programs they are for. It needs Linux and
// the packages of Debian and npm that install.sh installs, and no network but the loopback.
package e2e

import (
	"os"
	"testing"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

var (
	root   string // of the repository
	binary string // the service
)

func TestMain(m *testing.M) { os.Exit(stacktest.Main(m, "../..", &root, &binary)) }

// up starts a stack for a test. If the test fails, its log has each program's output.
func up(t *testing.T, options stack.Options) *stack.Stack {
	t.Helper()
	options.Root, options.Binary = root, binary
	return stacktest.Up(t, options)
}
