package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestModule gives a copy of the checkout another address with make module. The copy builds, all
// imports of its modules are found, and another module imports its package token.
func TestModule(t *testing.T) {
	const address = "example.com/me/videotoken"
	dir := t.TempDir()
	run := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	run(root, "sh",
		"-c", `git ls-files -z --cached --others --exclude-standard | tar --null -cf - -T - | tar -xf - -C "$0"`,
		dir)
	run(dir, "git", "init", "-q")
	run(dir, "git", "add", "-A")
	for _, wrong := range []string{"", "videotoken", "example.com/videotoken",
		"Example.com/me/videotoken", "me/you/videotoken", "example.com/../videotoken",
		"example.com/me/video token"} {
		if out, err := exec.Command("make", "-C", dir, "module", "MODULE="+
			wrong).CombinedOutput(); err == nil || !strings.Contains(string(out), "name its address") {
			t.Errorf("%q: %v, %s", wrong, err, out)
		}
	}
	run(dir, "make", "module", "MODULE=example.com/another/name")
	run(dir, "make", "module", "MODULE="+address) // it can run again
	if out := run(dir, "gofmt", "-l", "."); out != "" {
		t.Errorf("gofmt: %s", out)
	}
	run(dir, "go", "build", "./...")
	for _, module := range []string{"bench", "deploy/e2e"} {
		if out := run(filepath.Join(dir, module), "go", "list", "-test", "-deps",
			"./..."); strings.Contains("\n"+out, "\nvideotoken") ||
			!strings.Contains(out, address+"/internal/") {
			t.Errorf("%s imports %s", module, out)
		}
	}
	if out := run(filepath.Join(dir, "deploy/envoy"), "env", "GOWORK=off", "go", "list", "-test",
		"-deps", "."); strings.Contains("\n"+out, "\nvideotoken") ||
		!strings.Contains(out, address+"/internal/") {
		t.Errorf("deploy/envoy imports %s", out)
	}
	user := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.com/user\n\ngo 1.26\n\nrequire " + address + " v0.0.0\n\nreplace " +
			address + " => " + dir + "\n",
		"main.go": "package main\n\nimport (\n\t\"fmt\"\n\n\t\"" + address + "/token\"\n)\n\n" +
			"func main() {\n\tk, err := token.NewKey(7, make([]byte, token.SecretSize))\n" +
			"\tfmt.Println(k, err)\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(user, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := run(user, "go", "run", "-mod=mod", "."); !strings.HasSuffix(out, "key 7 <nil>\n") {
		t.Errorf("another module prints %q", out)
	}
}
