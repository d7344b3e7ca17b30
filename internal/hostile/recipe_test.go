package hostile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/internal/hostile"
)

func TestBody(t *testing.T) {
	for _, c := range []struct {
		recipe     hostile.Recipe
		begin, end string
	}{
		{hostile.Recipe{Head: "[", Unit: "#,", Tail: "0]"}, "[aaa,aab,aac,", ",0]"},
		{hostile.Recipe{Head: "[", Unit: "1,", Tail: "0]"}, "[1,1,1,", ",1,0]"},
	} {
		b := string(c.recipe.Body())
		if !strings.HasPrefix(b, c.begin) || !strings.HasSuffix(b, c.end) {
			t.Errorf("%+v makes %.20q ... %q", c.recipe, b, b[len(b)-20:])
		}
		if missing := hostile.Size - len(b); missing < 0 || missing >= len("aaa,") {
			t.Errorf("%+v makes %d bytes", c.recipe, len(b))
		}
	}
	if b := string(hostile.Recipe{Head: "[", Tail: "]"}.Body()); b != "[]" {
		t.Errorf("without a unit: %q", b)
	}
}

func TestRead(t *testing.T) {
	all, err := hostile.Read("../document/testdata/worst")
	if err != nil || len(all) < 40 {
		t.Fatalf("%d recipes, %v", len(all), err)
	}
	for _, bad := range []string{"", "`a`\n`b`", "`a`\n`b`\nc", "`a`\n`b`\n`c`\n`d`\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x"), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := hostile.Read(dir); err == nil {
			t.Errorf("%q is the recipe %+v", bad, r)
		}
	}
	if _, err := hostile.Read(t.TempDir()); err == nil {
		t.Error("no error for an empty directory")
	}
}
