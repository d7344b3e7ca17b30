package systemtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSentences: what the program says in seven words or more stands once in its code, so that who
// changes a sentence finds it by searching for it, and changes it everywhere.
func TestSentences(t *testing.T) {
	first := map[string]token.Position{}
	files := token.NewFileSet()
	see := func(n ast.Node) bool {
		if _, isTag := n.(*ast.Field); isTag {
			return false
		}
		l, ok := n.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(l.Value)
		if err != nil || len(strings.Fields(text)) < 7 {
			return true
		}
		at := files.Position(l.Pos())
		if before, ok := first[text]; ok {
			t.Errorf("%q: %v, and before that %v", text, at, before)
		}
		first[text] = at
		return true
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "bench" || d.Name() == "deploy" || d.Name() == "systemtest"):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, see)
		return nil
	})
	if err != nil || len(first) < 100 {
		t.Errorf("%d sentences, %v", len(first), err)
	}
}
