package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"videotoken/token"
)

// TestRevocationIsSynced: a revocation is on the disk before it is acknowledged, with the name of a
// new file: strace shows the system calls in their order. fsync is what a crash of the machine
// needs, and nothing but its call can be seen without one.
func TestRevocationIsSynced(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "videotoken.yaml")
	yaml := `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: ` +
		token.FormatSecret([]byte(strings.Repeat("k", token.SecretSize))) + `}]}]
revocations: {file: revoked}
`
	// the service makes the file
	for name, content := range map[string]string{config: yaml, filepath.Join(dir, "revoked"): ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, calls string }{
		{"a new file", "write file, fsync file, fsync directory, write stdout"},
		{"a file that is there", "write file, fsync file, write stdout"},
	} {
		trace := filepath.Join(dir, "trace")
		cmd := exec.Command("strace", "-f", "-y", "-o", trace, "-e",
			"trace=pwrite64,write,fsync,fdatasync", binary, "revoke", "-config", config, session)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "revoked  "+session) {
			t.Fatalf("%v: %s", err, out)
		}
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if got := revocationCalls(string(text), dir); got != c.calls {
			t.Errorf("%s: %s; want %s\n%s", c.name, got, c.calls, text)
		}
	}
}

// systemCall is a system call in a trace: its name, and the number and the name of its file.
var systemCall = regexp.MustCompile(`(?m)^\d+ +(\w+)\((\d+)<([^>]*)>`)

// revocationCalls names the calls of a trace that are about the revocations, the directory, or
// standard output.
func revocationCalls(trace, dir string) string {
	var list []string
	for _, m := range systemCall.FindAllStringSubmatch(trace, -1) {
		name := strings.TrimPrefix(m[1], "p")
		name = strings.TrimSuffix(name, "64")
		switch {
		case m[3] == filepath.Join(dir, "revoked"):
			list = append(list, name+" file")
		case m[3] == dir:
			list = append(list, name+" directory")
		case m[2] == "1":
			list = append(list, name+" stdout")
		}
	}
	return strings.Join(list, ", ")
}
