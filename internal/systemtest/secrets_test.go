package systemtest

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/token"
)

// TestNoSecretInAnswers: no answer, log line or message has a secret, whatever goes wrong.
func TestNoSecretInAnswers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys("", 1, 2))
	p := start(t, "-config", file)
	printed := postSeed(t, p.addr)
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/version",
		"/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/cmdline"} {
		printed += get(t, "http://"+p.admin+path)
	}
	for _, path := range []string{"/nothing", "/verify/ext-authz/a/x", "/verify/ext-authz/a/x?token=x",
		"/video/token"} {
		res, err := http.Get("http://" + p.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range res.Header {
			printed += name + fmt.Sprint(values)
		}
		_ = res.Body.Close()
	}
	put(t, file, withKeys("listen: nowhere", 1, 1)) // the same key twice
	_, answer := admin(t, p, "/reload", "")
	printed += answer
	out, err := exec.Command(binary, "-config", file, "-check").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "listen") {
		t.Errorf("%v, %s", err, out)
	}
	printed += string(out) + strings.Join(p.messages(), "\n")
	p.mu.Lock()
	printed += fmt.Sprint(p.log)
	p.mu.Unlock()
	for id := range 3 {
		text := secret(id)
		raw, err := token.ParseSecret(text)
		if id > 0 && err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{text, text[:20], fmt.Sprintf("%x", raw), fmt.Sprint(raw)} {
			if id > 0 && strings.Contains(printed, form) {
				t.Errorf("the secret of key %d is printed, as %q", id, form)
			}
		}
	}
}
