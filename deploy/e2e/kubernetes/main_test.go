// Package kubernetes renders deploy/kubernetes as kustomize does, checks every object, and runs the
// service as the kubelet would: with the arguments, files, probes and signals written there.
// It is a module of its own, outside go.work, so that what it needs of Kubernetes has no say in the
// versions that the service links.
package kubernetes

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
		dir, err := os.MkdirTemp("", "videotoken-kubernetes-")
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
