package systemtest

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestTiming: where a tag or a hash of a key is compared, the time that it takes does not tell how
// much of it was right. A measurement could not show that on a machine that does other things, too,
// so this reads the code: each of the places calls crypto/subtle, and no file beside them compares
// bytes in another way.
func TestTiming(t *testing.T) {
	for file, call := range map[string]string{
		"token/verify.go":           "subtle.ConstantTimeCompare(m.tag(",
		"internal/caller/caller.go": "subtle.ConstantTimeCompare(e.Hash[:], h[:])",
		"internal/caller/key.go":    "subtle.ConstantTimeCompare(h[:], other[:])",
	} {
		if !strings.Contains(source(t, file), call) {
			t.Errorf("%s does not call %s", file, call)
		}
	}
	count := 0
	for _, folder := range []string{"token", "internal/caller"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			count++
			for _, fast := range []string{"bytes.Equal(", "bytes.Compare(", "slices.Equal("} {
				if strings.Contains(source(t, name), fast) {
					t.Errorf("%s calls %s...): compare with crypto/subtle, or explain it here", name, fast)
				}
			}
		}
	}
	if count < 8 {
		t.Errorf("%d files", count)
	}
}
