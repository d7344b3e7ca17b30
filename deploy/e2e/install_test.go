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

// TestNginxOnDebian starts nginx with its configuration as Debian ships it and with our file as it
// is, in a network of its own. The folder of the cache is made where nginx can make it. There is no
// service: the file's own answer to that says that it is ours that answers on port 80.
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
	words := strings.NewReplacer(include, "include "+dir+"/videotoken.conf;", "/run/nginx.pid",
		dir+"/nginx.pid", "/var/log/nginx", dir)
	conf := words.Replace(string(main))
	for _, word := range []string{dir + "/videotoken.conf;", dir + "/nginx.pid", dir + "/error.log"} {
		if !strings.Contains(conf, word) {
			t.Fatalf("%s is not as expected: there is no place for %s", shipped, word)
		}
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644),
		os.WriteFile(filepath.Join(dir, "videotoken.conf"), site, 0o644),
	); err != nil {
		t.Fatal(err)
	}
	const script = `ip link set lo up || exit 1
nginx -c "$0" -g "daemon off;" & pid=$!
until curl -s -o "$0.out" http://127.0.0.1/film.mp4; do kill -0 $pid || exit 1; done
curl -si http://127.0.0.1/film.mp4
kill $pid; wait $pid`
	out, err := exec.Command("unshare", "--net", "sh", "-c", script, filepath.Join(dir,
		"nginx.conf")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "HTTP/1.1 503 ") ||
		!strings.Contains(string(out), "\nRetry-After: 5\r\n") {
		t.Errorf("nginx: %v\n%s", err, out)
	}
}
