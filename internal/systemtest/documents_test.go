package systemtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are the pages for people, by where they stand.
var documents = []string{
	"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/README.md", "docs/schemes.md",
	"docs/edges.md", "docs/scaling.md", "deploy/README.md", "bench/README.md",
}

// TestDocuments: what a page links to is there; a link that is called like a test leads to its
// file, and a make target that a page names can be made.
func TestDocuments(t *testing.T) {
	can := targets(t)
	links := 0
	for _, page := range documents {
		text := source(t, page)
		for _, m := range regexp.MustCompile(`\[([^\]]*)\]\(([^)\s]+)\)`).FindAllStringSubmatch(text,
			-1) {
			label, target := m[1], m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "#") {
				continue
			}
			links++
			target, _, _ = strings.Cut(target, "#")
			file := filepath.Join(filepath.Dir(page), target)
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if isTest.MatchString(label) && !strings.Contains(source(t, file), "\nfunc "+label+"(") {
				t.Errorf("%s: %s has no %s", page, file, label)
			}
		}
		for _, m := range regexp.MustCompile("`make ([a-z0-9-]+)").FindAllStringSubmatch(text, -1) {
			if !can[m[1]] {
				t.Errorf("%s: there is no make %s", page, m[1])
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links", links)
	}
	if license := source(t, "LICENSE"); !strings.Contains(license, "Apache License") ||
		!strings.Contains(license, "Copyright 2026 the videotoken authors") {
		t.Error("LICENSE is another")
	}
}

var isTest = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`)

// TestThreats: every threat of SECURITY.md has a test that .ci/run runs, and the threats that a
// service of signed URLs is asked about first are there. TestDocuments finds the tests.
func TestThreats(t *testing.T) {
	_, table, _ := strings.Cut(source(t, "SECURITY.md"), "|---|---|---|---|\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	link := `\[(Test|Fuzz)\w+\]\([^)]+_test\.go\)`
	tests := regexp.MustCompile(`^` + link + `(, ` + link + `)*$`)
	who := ""
	for _, row := range rows {
		columns := strings.Split(strings.Trim(row, "| "), " | ")
		if len(columns) != 4 || !tests.MatchString(columns[3]) {
			t.Errorf("no test, or something else beside it: %s", row)
		}
		who += columns[0] + "\n"
		for _, m := range regexp.MustCompile(`\[(\w+)\]\(([^)]+)\)`).FindAllStringSubmatch(row, -1) {
			if !isChecked(t, m[1], m[2]) {
				t.Errorf("%s of %s has a build tag with which .ci/run runs nothing", m[1], m[2])
			}
		}
	}
	for _, threat := range []string{
		"replay within the window", "shared link", "stolen signing key", "stolen API key",
		"hostile caller", "hostile origin", "timing",
	} {
		if !strings.Contains(who, threat) {
			t.Errorf("nothing about: %s", threat)
		}
	}
	if len(rows) < 10 {
		t.Errorf("%d threats", len(rows))
	}
	for _, heading := range []string{"Supported versions", "Report a hole",
		"What becomes of a secret"} {
		if len(sections(source(t, "SECURITY.md"), "##")[heading]) < 100 {
			t.Errorf("no section %q", heading)
		}
	}
}
