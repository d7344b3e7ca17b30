package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEnvironment: VIDEOTOKEN_CONFIG names the configuration, for every command.
func TestEnvironment(t *testing.T) {
	file := configure(t)
	cmd := exec.Command(binary, "sign", "-cdn", "aws-8", "/film.mp4")
	cmd.Env = append(os.Environ(), "VIDEOTOKEN_CONFIG="+file)
	if out, err := cmd.Output(); err != nil ||
		!strings.HasPrefix(string(out), "https://d8.cloudfront.net/film.mp4?token=") {
		t.Errorf("%s, %v", out, err)
	}
}

// TestBalance: affinity, from the file or from the command line, keeps a video on one CDN.
func TestBalance(t *testing.T) {
	file := configure(t)
	yaml, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	affine := filepath.Join(t.TempDir(), "affine.yaml")
	if err := os.WriteFile(affine, append(yaml, "balance: affinity\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		cdns int
	}{
		{[]string{"-config", file}, 2}, {[]string{"-config", affine}, 1},
		{[]string{"-config", file, "-balance", "affinity"}, 1},
		{[]string{"-config", affine, "-balance", "round-robin"}, 2},
	} {
		p := start(t, c.args...)
		seen := map[string]bool{}
		for range 8 {
			_, url, _ := strings.Cut(postSeed(t, p.addr), "https://")
			seen[url[:2]] = true
		}
		if len(seen) != c.cdns {
			t.Errorf("%v: one video on %d CDNs, want %d", c.args, len(seen), c.cdns)
		}
	}
}

// TestSecretFile: what keygen prints for it is read, and a file that everybody may read is worth a
// warning.
func TestSecretFile(t *testing.T) {
	dir := t.TempDir()
	secret, _, _ := command(t, "keygen", "-secret-only")
	for name, content := range map[string]string{
		"key": secret, "videotoken.yaml": `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret_file: key}]}]`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "-config", filepath.Join(dir, "videotoken.yaml"))
	if !slices.ContainsFunc(p.messages(), func(m string) bool {
		return strings.HasPrefix(m, "WARN configuration: cdns[0].keys[0].secret_file: ") &&
			strings.Contains(m, "readable by everybody")
	}) {
		t.Errorf("logged %q", p.messages())
	}
	postSeed(t, p.addr)
}
