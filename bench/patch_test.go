package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"videotoken/bench/internal/subject"
)

// TestSlowerPatchApplies: the gate's own test needs a patch that makes the service slower. That
// test takes 40 minutes and runs rarely, so whether its patch still fits the code is checked here.
func TestSlowerPatchApplies(t *testing.T) {
	root, err := subject.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	patch, err := filepath.Abs(filepath.Join("testdata", "slower.patch"))
	if err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), "git", "apply", "--check", patch)
	check.Dir = root
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
