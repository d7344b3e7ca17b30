// Package kubernetes renders deploy/kubernetes as kustomize does, checks every object, and runs the
// service as the kubelet would: with the arguments, files, probes and signals written there.
// It is a module of its own, outside go.work, so that what it needs of Kubernetes has no say in the
// versions that the service links.
package kubernetes

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
