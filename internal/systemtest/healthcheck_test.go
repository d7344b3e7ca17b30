package systemtest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// healthcheck runs the command, and fails the test unless it ends with the status, and with one
// line that has a text where the status is 1, and none where it is 0.
func healthcheck(tb testing.TB, status int, says string, args ...string) {
	tb.Helper()
	out, errs, got := command(tb, append([]string{"healthcheck"}, args...)...)
	lines := strings.Count(errs, "\n")
	if got != status || lines != status || out != "" || !strings.Contains(errs, says) {
		tb.Errorf("%v: %d, %q, %q; want %d, %q", args, got, out, errs, status, says)
	}
}

// TestHealthcheckAddresses: the address of the configuration leads to the service, also where it is
// every interface, a Unix socket, or the first of a list.
func TestHealthcheckAddresses(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	port := strings.TrimPrefix(freePort(t), "127.0.0.1:")
	for _, listen := range []string{`":` + port + `"`, `"0.0.0.0:` + port + `"`, `"[::]:` + port + `"`,
		`"localhost:` + port + `"`, `["unix:` + socket + `", "127.0.0.1:0"]`} {
		file := configure(t, "listen: "+listen, `admin: ""`, "drain: 0s")
		healthcheck(t, 1, "connect: ", "-config", file)
		p := launch(t, exec.Command(binary, "-config", file), 1+strings.Count(listen, ","))
		healthcheck(t, 0, "", "-config", file)
		healthcheck(t, 0, "", "-config", file, "-live")
		p.signal(t, syscall.SIGTERM)
		p.wait(t)
	}
}

// TestHealthcheckDrain: a service that drains is alive, and not ready.
func TestHealthcheckDrain(t *testing.T) {
	addr := freePort(t)
	file := configure(t, `listen: "`+addr+`"`, `admin: ""`, "drain: 1h")
	p := launch(t, exec.Command(binary, "-config", file), 1)
	healthcheck(t, 0, "", "-config", file)
	p.signal(t, syscall.SIGTERM)
	p.await(t, "INFO draining")
	healthcheck(t, 1, "videotoken: /readyz at "+addr+": 503 Service Unavailable", "-config", file)
	healthcheck(t, 0, "", "-config", file, "-live")
	healthcheck(t, 1, "503", "-url", "http://"+addr)
	healthcheck(t, 0, "", "-url", "http://"+addr+"/", "-live")
	healthcheck(t, 0, "", "-url", "http://"+addr+"/healthz")
}

// TestHealthcheckMistakes: a mistake in the file is none of the running service, unless it is in
// what the check needs.
func TestHealthcheckMistakes(t *testing.T) {
	addr := freePort(t)
	file := configure(t, `listen: "`+addr+`"`, `admin: ""`)
	launch(t, exec.Command(binary, "-config", file), 1)
	for text, says := range map[string]string{
		"listen: " + addr + "\ncdns: []\nnonsense: 1\n": "",
		"listen: nowhere\n":                             "line 1, column 9: listen: must be HOST:PORT",
		"listen: []\n":                                  "listen: must have 1 to 64 elements",
		"listen: {127.0.0.1: 1\n":                       "is not YAML",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		healthcheck(t, min(1, len(says)), says, "-config", file)
	}
	healthcheck(t, 1, "no such file", "-config", "/nowhere")
	for args, says := range map[string]string{
		"-url localhost:1":         "must be a URL such as",
		"-url ftp://localhost":     "must be a URL such as",
		"-live -url http://[::1]/": "connect: ",
		"-live -url http://[::]/x": "-live and a path",
	} {
		healthcheck(t, 1, says, strings.Fields(args)...)
	}
	if _, errs, status := command(t, "help", "healthcheck"); status != 0 ||
		!strings.Contains(errs, "Usage: videotoken healthcheck") {
		t.Errorf("%d, %q", status, errs)
	}
}

// TestHealthcheckOthers: what answers otherwise, elsewhere, or not at all is not healthy.
func TestHealthcheckOthers(t *testing.T) {
	ended := make(chan struct{})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/ready", http.StatusFound)
		case "/slow":
			<-ended
		}
	}))
	defer other.Close()
	defer close(ended)
	healthcheck(t, 0, "", "-url", other.URL)
	healthcheck(t, 1, "302 Found", "-url", other.URL+"/moved")
	healthcheck(t, 1, "/slow: no answer within 2s", "-url", other.URL+"/slow")
}
