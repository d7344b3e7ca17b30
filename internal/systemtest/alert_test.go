package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// alert is a rule of deploy/prometheus that alerts.
type alert struct {
	Name   string            `yaml:"alert"`
	Expr   string            `yaml:"expr"`
	Labels map[string]string `yaml:"labels"`
}

// alerts returns the alerts of deploy/prometheus.
func alerts(tb testing.TB) (all []alert) {
	tb.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(tb, "deploy/prometheus/videotoken.rules.yml", &file)
	for _, g := range file.Groups {
		for _, a := range g.Rules {
			if a.Name != "" { // else it records a value
				all = append(all, a)
			}
		}
	}
	if len(all) == 0 {
		tb.Fatal("there are no alerts")
	}
	return all
}

func readYAML(tb testing.TB, name string, into any) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		tb.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
}

// TestPrometheus has promtool check the configurations that docs/operate.md and deploy/README.md
// show, with the rules.
func TestPrometheus(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "videotoken.rules.yml"),
		source(t, "deploy/prometheus/videotoken.rules.yml"))
	file, shown := filepath.Join(dir, "prometheus.yml"), 0
	all := append(blocksOf(t, "docs/operate.md", "Alerts"),
		blocksOf(t, "deploy/README.md", "Grafana")...)
	for _, block := range all {
		if !strings.Contains(block, "scrape_configs:") {
			continue
		}
		shown++
		put(t, file, block)
		out, err := exec.Command("promtool", "check", "config", file).CombinedOutput()
		if err != nil {
			t.Errorf("promtool: %v\n%s\n%s", err, out, block)
		}
	}
	if shown != 2 {
		t.Errorf("the pages show %d configurations of Prometheus", shown)
	}
}

// TestAlerts has promtool check the rules and run their unit tests, and shows that each alert has a
// case in which it fires and one in which it is silent.
func TestAlerts(t *testing.T) {
	for _, args := range [][]string{
		{"check", "rules", "videotoken.rules.yml"}, {"test", "rules", "videotoken.rules.test.yml"},
	} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = filepath.Join(root, "deploy/prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	var file struct {
		Tests []struct {
			Cases []struct {
				Name   string `yaml:"alertname"`
				Expect []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	readYAML(t, "deploy/prometheus/videotoken.rules.test.yml", &file)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			if len(c.Expect) > 0 {
				fires[c.Name] = true
			} else {
				silent[c.Name] = true
			}
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Name] || !silent[a.Name] {
			t.Errorf("%s: a case where it fires: %v; a case where it does not: %v", a.Name, fires[a.Name],
				silent[a.Name])
		}
		if s := a.Labels["severity"]; s != "page" && s != "ticket" && s != "info" {
			t.Errorf("%s: severity %q", a.Name, s)
		}
	}
}
