package grafana

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADME runs the command by which deploy/README.md has Grafana import the dashboard, in the
// place of Grafana. It needs the Debian packages jq and curl.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "deploy/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^    jq .*\|\n      curl .*$`).FindString(string(readme))
	if command == "" {
		t.Fatal("the command is lost")
	}
	var got struct {
		Dashboard dashboard
		Overwrite bool
	}
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/dashboards/db" ||
			r.Header.Get("Authorization") != "Bearer secret" ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer grafana.Close()
	command = strings.ReplaceAll(command, "https://grafana.example", grafana.URL)
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GRAFANA_TOKEN=secret")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, command, out)
	}
	d, want := got.Dashboard, read(t)
	if !got.Overwrite || d.UID != want.UID || len(d.Panels) != len(want.Panels) {
		t.Errorf("%v, %s with %d panels", got.Overwrite, d.UID, len(d.Panels))
	}
}
