// Package grafana asks a Prometheus, which scrapes the service under load, every query of the
// dashboard in deploy/grafana. It needs the Debian package prometheus.
package grafana

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
		dir, err := os.MkdirTemp("", "videotoken-grafana-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if root, err = filepath.Abs("../../.."); err == nil {
			binary, err = stack.Build(root, dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}
