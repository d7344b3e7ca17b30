package systemtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const design = "docs/DESIGN.md"

var (
	designRoom = regexp.MustCompile(`(?m)^    (token|internal/[a-z]+)/ `)
	designFile = regexp.MustCompile(`\b(bench|deploy|docs|internal|token)/[\w./-]*|` +
		`\b[\w.-]+\.(go|js|json|md|mk|py|sh|yaml)\b`)
)

// TestRooms: section 9 of the design lists the packages in the table of TestLayers, each once.
func TestRooms(t *testing.T) {
	var listed, packages []string
	for _, room := range designRoom.FindAllStringSubmatch(
		sections(source(t, design), "##")["9. The house"], -1) {
		listed = append(listed, room[1])
	}
	for name := range layers {
		switch name, _, _ := strings.Cut(name, "/"); name {
		case "": // the program
		case "token":
			packages = append(packages, name)
		default:
			packages = append(packages, "internal/"+name)
		}
	}
	slices.Sort(listed)
	slices.Sort(packages)
	packages = slices.Compact(packages) // what is inside a package belongs to it
	if len(listed) == 0 || !slices.Equal(listed, packages) {
		t.Errorf("%s lists\n%v\nand there are\n%v", design, listed, packages)
	}
}

// TestDesignFiles: the files that the design names are there.
func TestDesignFiles(t *testing.T) {
	players := []string{"hls.js", "dash.js"}
	names := designFile.FindAllString(source(t, design), -1)
	if len(names) < 50 {
		t.Fatalf("%s names %d files: %q", design, len(names), names)
	}
	for _, name := range names {
		if slices.Contains(players, name) {
			continue
		}
		_, err := os.Stat(filepath.Join(root, name))
		if _, inDocs := os.Stat(filepath.Join(root, "docs", name)); err != nil && inDocs != nil {
			t.Errorf("%s names %s: %v", design, name, err)
		}
	}
}
