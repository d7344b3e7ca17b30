package systemtest

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// platforms are what a build tag may be about besides a choice of tests.
var platforms = []string{"linux", "unix", "darwin", "amd64", "arm64", "race"}

// ownTags returns the build tags of a file that are a choice of tests.
func ownTags(text string) (tags []string) {
	line := regexp.MustCompile(`(?m)^//go:build (.*)$`).FindStringSubmatch(text)
	if line == nil {
		return nil
	}
	for _, tag := range regexp.MustCompile(`\w+`).FindAllString(line[1], -1) {
		if !slices.Contains(platforms, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// isChecked reports whether a test has no tag of its own, or a make target of .ci/run runs it with
// that tag.
func isChecked(t *testing.T, test, file string) bool {
	t.Helper()
	tags := ownTags(source(t, file))
	if len(tags) == 0 {
		return true
	}
	for _, step := range regexp.MustCompile(`(?m)^step make (\S+)`).FindAllStringSubmatch(
		source(t, ".ci/run"), -1) {
		words := strings.Fields(recipe(t, step[1]))
		given := strings.Split(after(words, "-tags"), ",")
		run, err := regexp.Compile(after(words, "-run"))
		if err == nil && run.String() != "" && run.MatchString(test) &&
			slices.Contains(words, "./"+filepath.Dir(file)) &&
			!slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(given, tag) }) {
			return true
		}
	}
	return false
}

// after returns the word that follows another.
func after(words []string, word string) string {
	if i := slices.Index(words, word); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// recipe returns the commands of a make target.
func recipe(t *testing.T, target string) string {
	t.Helper()
	for _, name := range makefiles {
		m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) +
			`:[^=].*\n((?:\t.*\n)+)`).FindStringSubmatch(source(t, name))
		if m != nil {
			return m[1]
		}
	}
	return ""
}

// TestTags: make lint compiles the tests of every build tag, and there is no tag that it has in
// vain.
func TestTags(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "*_test.go")
	cmd.Dir = root
	files, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for name := range bytes.FieldsSeq(files) {
		found = append(found, ownTags(source(t, string(name)))...)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	list := regexp.MustCompile(`(?m)^TAGS += (\S+)$`).FindStringSubmatch(source(t, "Makefile"))
	if list == nil || !strings.Contains(recipe(t, "lint"), "vet -tags $(TAGS) ") {
		t.Fatalf("make lint vets no tags; the tests have %q", found)
	}
	vetted := strings.Split(list[1], ",")
	if slices.Sort(vetted); !slices.Equal(vetted, found) {
		t.Errorf("make lint vets %q; the tests have %q", vetted, found)
	}
}
