// Package grafana asks a Prometheus, which scrapes the service under load, every query of the
// dashboard in deploy/grafana. It needs the Debian package prometheus.
package grafana

import (
	"os"
	"testing"

	"videotoken/deploy/e2e/stacktest"
)

var (
	root   string // of the repository
	binary string // the service
)

func TestMain(m *testing.M) { os.Exit(stacktest.Main(m, "../../..", &root, &binary)) }
