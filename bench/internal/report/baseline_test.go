package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/bench/internal/record"
)

// TestBaselineBody wants the body that loads are compared by to be the one in the file.
func TestBaselineBody(t *testing.T) {
	body, err := os.ReadFile("../../testdata/baseline.json")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != baselineBody {
		t.Errorf("testdata/baseline.json has the SHA-256 %x, want %s", sum, baselineBody)
	}
}

// TestBaselineOfAnotherLoad wants no figure of the baseline beside a load of another body, path or
// number of connections.
func TestBaselineOfAnotherLoad(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*record.Settings)
		compared bool
	}{
		"the baseline's load": {func(*record.Settings) {}, true},
		"another port": {func(s *record.Settings) {
			s.URL = "http://localhost:3002/video/token"
		}, true},
		"another body":      {func(s *record.Settings) { s.BodySHA256 = "00" }, false},
		"another path":      {func(s *record.Settings) { s.URL = "http://127.0.0.1:1/healthz" }, false},
		"fewer connections": {func(s *record.Settings) { s.Connections = 100 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, res := example(t)
			res.Errors, res.Invalid = nil, nil
			c.change(&res.Load)
			var b bytes.Buffer
			Print(&b, res)
			if text := b.String(); strings.Contains(text, "│ Baseline") != c.compared ||
				strings.Contains(text, "│ Ratio") != c.compared ||
				strings.Contains(text, "Not compared with the baseline") == c.compared {
				t.Errorf("compared: want %v\n%s", c.compared, text)
			}
			name := filepath.Join(t.TempDir(), "a.html")
			if err := (&File{Results: []*record.Result{res}}).WritePage(name); err != nil {
				t.Fatal(err)
			}
			page, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, mark := range []string{"baseline 307 ms", `class="baseline"`, ">baseline p99<", `<em`} {
				if bytes.Contains(page, []byte(mark)) != c.compared {
					t.Errorf("%q on the page: want %v", mark, c.compared)
				}
			}
		})
	}
}

// TestUnsound wants no gain and no loss of a run that failed or is invalid.
func TestUnsound(t *testing.T) {
	for name, change := range map[string]func(*record.Result){
		"failed":  func(r *record.Result) { r.Invalid = nil },
		"invalid": func(r *record.Result) { r.Errors = nil },
		"sound":   func(r *record.Result) { r.Invalid, r.Errors = nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			_, res := example(t)
			change(res)
			judged := 0
			for _, tile := range tiles(res) {
				if tile.Gain != "" || tile.Loss != "" {
					judged++
				}
			}
			if sound := res.Sound() == nil; (judged > 0) != sound {
				t.Errorf("%d tiles with a gain or a loss", judged)
			}
		})
	}
}
