package systemtest

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// makefiles are the Makefile and what it includes.
var makefiles = []string{"Makefile", "bench/bench.mk", "deploy/e2e/e2e.mk",
	"deploy/container/container.mk"}

// targets returns what can be made.
func targets(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, name := range makefiles {
		for _, m := range regexp.MustCompile(
			`(?m)^([a-z0-9][a-z0-9 -]*):(?:[^=]|$)`).FindAllStringSubmatch(source(t, name), -1) {
			for _, target := range strings.Fields(m[1]) {
				all[target] = true
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("%d targets", len(all))
	}
	return all
}

// workflow is a file of .github/workflows.
type workflow struct {
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Timeout     int               `yaml:"timeout-minutes"`
		Permissions map[string]string `yaml:"permissions"`
		Steps       []step            `yaml:"steps"`
	} `yaml:"jobs"`
}

type step struct {
	Uses string         `yaml:"uses"`
	Run  string         `yaml:"run"`
	With map[string]any `yaml:"with"`
}

// made finds the target that a command makes.
var made = regexp.MustCompile(`\bmake ([a-z0-9-]+)`)

// TestWorkflows: every job ends by itself and may only read, unless it publishes, and what a
// workflow makes can be made.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	can := targets(t)
	for _, file := range files {
		name, _ := filepath.Rel(root, file)
		var w workflow
		readYAML(t, name, &w)
		if !maps.Equal(w.Permissions, map[string]string{"contents": "read"}) || len(w.Jobs) == 0 {
			t.Errorf("%s: %d jobs, with the permissions %v", name, len(w.Jobs), w.Permissions)
		}
		for id, job := range w.Jobs {
			if job.Timeout < 1 || job.Timeout > 60 {
				t.Errorf("%s: %s has a timeout of %d minutes", name, id, job.Timeout)
			}
			if job.Permissions != nil && id != "publish" {
				t.Errorf("%s: %s has the permissions %v", name, id, job.Permissions)
			}
			for _, s := range job.Steps {
				for _, m := range made.FindAllStringSubmatch(s.Run, -1) {
					if !can[m[1]] {
						t.Errorf("%s: %s: there is no make %s", name, id, m[1])
					}
				}
				if file, isLocal := strings.CutPrefix(s.Uses, "./"); isLocal {
					source(t, filepath.Join(file, "action.yml"))
				} else if s.Uses != "" && !regexp.MustCompile(`^actions/[a-z-]+@v\d+$`).MatchString(s.Uses) {
					t.Errorf("%s: %s uses %s", name, id, s.Uses)
				}
			}
		}
	}
}

// TestWorkflowSteps: ci.yml has every step of .ci/run.
func TestWorkflowSteps(t *testing.T) {
	var w workflow
	readYAML(t, ".github/workflows/ci.yml", &w)
	var runs strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.Jobs)) {
		for _, s := range w.Jobs[id].Steps {
			runs.WriteString(s.Run + "\n")
		}
	}
	steps := regexp.MustCompile(`(?m)^step ((make [a-z0-9-]+|\S+).*)$`).FindAllStringSubmatch(
		source(t, ".ci/run"), -1)
	for _, m := range steps {
		command := m[2]
		if command == "make test" && strings.Contains(m[1], "-race") {
			command = "make race"
		}
		if !regexp.MustCompile(`(?m)(^| )` + regexp.QuoteMeta(command) + `( |$)`).MatchString(
			runs.String()) {
			t.Errorf("ci.yml has no %s", command)
		}
	}
	if len(steps) < 9 {
		t.Errorf("%d steps", len(steps))
	}
}

// TestWorkflowGo: the action that installs Go installs the version of go.mod, and its cache is
// another one when what any module needs changes.
func TestWorkflowGo(t *testing.T) {
	var action struct {
		Runs struct {
			Steps []step `yaml:"steps"`
		} `yaml:"runs"`
	}
	readYAML(t, ".github/actions/go/action.yml", &action)
	if len(action.Runs.Steps) != 2 {
		t.Fatalf("%d steps", len(action.Runs.Steps))
	}
	version, _ := action.Runs.Steps[0].With["go-version"].(string)
	if version == "" || !strings.Contains(source(t, "go.mod"), "\ngo "+version+".") {
		t.Errorf("Go %q", version)
	}
	key, _ := action.Runs.Steps[1].With["key"].(string)
	for _, module := range []string{".", "bench", "deploy/e2e", "deploy/e2e/kubernetes",
		"deploy/envoy"} {
		sum := filepath.ToSlash(filepath.Join(module, "go.sum"))
		source(t, sum)
		if !strings.Contains(key, "'"+sum+"'") {
			t.Errorf("the cache does not depend on %s", sum)
		}
	}
}
