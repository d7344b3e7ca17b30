package systemtest

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestDescriptors: there may be as many connections as descriptors less a reserve, the limit of
// which the service raises as far as it may. It says how many when it starts.
func TestDescriptors(t *testing.T) {
	for _, c := range []struct {
		name, limits, configuration string
		want                        int
	}{
		{"a reserve", "ulimit -n 1024", "", 1024 - 128},
		// Go raises the soft limit when the process starts, to one below the hard one.
		{"a soft limit", "ulimit -S -n 256; ulimit -H -n 1024", "", 1023 - 128},
		{"few", "ulimit -n 128", "", 64},
		{"configured", "ulimit -n 1024", "limits: {connections: 500}", 500},
		{"too many configured", "ulimit -n 1024", "limits: {connections: 5000}", 1024 - 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := launch(t, exec.Command("sh", "-c", c.limits+`; exec "$0" "$@"`, binary,
				"-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0",
				"-config", configure(t, c.configuration)), 1)
			p.mu.Lock()
			for _, record := range p.log {
				if got := fmt.Sprint(record["connections"]); record["msg"] == "serving" &&
					got != fmt.Sprint(c.want) {
					t.Errorf("it says that %s connections may be open; want %d", got, c.want)
				}
			}
			p.mu.Unlock()
			metric := fmt.Sprintf("\nvideotoken_connections_limit %d\n", c.want)
			if m := get(t, "http://"+p.admin+"/metrics"); !strings.Contains(m, metric) {
				t.Errorf("the metrics lack %q:\n%s", metric, m)
			}
		})
	}
}
