package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNginxOnDebian has nginx check its configuration as Debian ships it, with our file included as
// it is but for the port: the folder of the cache is made where nginx can make it.
func TestNginxOnDebian(t *testing.T) {
	const shipped, include = "/etc/nginx/nginx.conf", "include /etc/nginx/sites-enabled/*;"
	main, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	site, err := os.ReadFile(filepath.Join(root, "deploy/nginx/videotoken.conf"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const cache = "/var/cache/videotoken"
	if _, err := os.Stat(cache); errors.Is(err, fs.ErrNotExist) {
		t.Cleanup(func() { _ = os.RemoveAll(cache) })
	}
	words := strings.NewReplacer(include, "include "+dir+"/videotoken.conf;", "/run/nginx.pid", dir+"/nginx.pid", "/var/log/nginx", dir)
	conf := words.Replace(string(main))
	for _, word := range []string{dir + "/videotoken.conf;", dir + "/nginx.pid", dir + "/error.log"} {
		if !strings.Contains(conf, word) {
			t.Fatalf("%s is not as expected: there is no place for %s", shipped, word)
		}
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644),
		os.WriteFile(filepath.Join(dir, "videotoken.conf"), []byte(strings.Replace(string(site), "listen 80;", "listen unix:"+dir+"/socket;", 1)), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("nginx", "-t", "-c", filepath.Join(dir, "nginx.conf")).CombinedOutput(); err != nil {
		t.Errorf("nginx: %v\n%s", err, out)
	}
}
