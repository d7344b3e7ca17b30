package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnitREADME executes the commands by which the README installs the service, in a folder
// instead of the system. The configuration that they write is valid, with the credentials that
// systemd makes of the keys.
func TestUnitREADME(t *testing.T) {
	_, text, found := strings.Cut(readFile(t, "deploy/README.md"), "\n## systemd\n")
	if !found {
		t.Fatal("no chapter on systemd")
	}
	var script strings.Builder
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "    ")
		if !ok && script.Len() > 0 {
			break
		}
		if ok && !strings.HasPrefix(command, "systemctl ") { // there is no systemd that could start it
			script.WriteString(command)
		}
	}
	dir := t.TempDir()
	for _, folder := range []string{"usr/local/bin", "etc/systemd/system",
		"run/credentials/videotoken.service"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	here := strings.NewReplacer("make build && install -m 755 videotoken ", "install -m 755 "+
		binary+" ",
		"/etc/", dir+"/etc/", "/usr/", dir+"/usr/", "/run/", dir+"/run/", "/var/", dir+"/var/").Replace(
		script.String())
	cmd := exec.Command("sh", "-euc", here)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "PATH="+dir+"/usr/local/bin:"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, here, out)
	}
	keys, err := filepath.Glob(dir + "/etc/videotoken/keys/*")
	if err != nil || len(keys) == 0 {
		t.Fatalf("no keys: %v\n%s", err, here)
	}
	for _, name := range keys {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if err := os.Rename(name, dir+"/run/credentials/videotoken.service/key_"+
			filepath.Base(name)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(dir+"/usr/local/bin/videotoken", "-config", dir+
		"/etc/videotoken/videotoken.yaml", "-check").CombinedOutput()
	if err != nil || strings.Count(string(out), "warning:") != 1 { // that there are no callers
		t.Errorf("%v, %s", err, out)
	}
	for _, unit := range []string{"videotoken.service", "videotoken.socket"} {
		if _, err := os.Stat(dir + "/etc/systemd/system/" + unit); err != nil {
			t.Error(err)
		}
	}
}
