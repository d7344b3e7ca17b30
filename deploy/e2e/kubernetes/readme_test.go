package kubernetes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// TestREADME runs the commands by which deploy/README.md installs the service, in a copy of the
// folders. kustomize reads what they leave, as `kubectl apply -k` would.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "deploy/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(readme), "\n## Kubernetes\n")
	_, text, _ = strings.Cut(text, "\n    ")
	script, _, found := strings.Cut("    "+text, "\n\n")
	if !found || strings.Count(script, "kubectl") != 2 {
		t.Fatalf("the commands are lost:\n%s", script)
	}
	dir, bin := t.TempDir(), t.TempDir()
	const folders = "deploy/kubernetes"
	if err := os.CopyFS(filepath.Join(dir, folders),
		os.DirFS(filepath.Join(root, folders))); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "deploy/kubernetes/site/keys")
	if err := os.RemoveAll(keys); err != nil { // of somebody who tried it there
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "videotoken")); err != nil {
		t.Fatal(err)
	}
	const kubectl = "#!/bin/sh\necho \"$PWD: $*\" >>\"$ASKED\"\n"
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(kubectl), 0o755); err != nil {
		t.Fatal(err)
	}
	asked := filepath.Join(bin, "asked")
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "ASKED="+asked, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "admin_key: ") {
		t.Fatalf("%v\n%s", err, out)
	}
	site := filepath.Join(dir, "deploy/kubernetes/site")
	if b, err := os.ReadFile(asked); err != nil ||
		string(b) != site+": create namespace videotoken\n"+site+": apply -k .\n" {
		t.Errorf("kubectl was asked %q, %v", b, err)
	}
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	resources, err := kustomizer.Run(filesys.MakeFsOnDisk(), site)
	if err != nil {
		t.Fatal(err)
	}
	secrets := 0
	for _, r := range resources.Resources() {
		if r.GetKind() != "Secret" {
			continue
		}
		b, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var s core.Secret
		if err := yaml.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		for name := range testKeys {
			secrets++
			info, err := os.Stat(filepath.Join(keys, name))
			if err != nil || info.Mode() != 0o600 || len(s.Data[name]) != int(info.Size()) {
				t.Errorf("%s: %v, %v; %d bytes in the Secret", name, info, err, len(s.Data[name]))
			}
		}
	}
	if secrets != len(testKeys) {
		t.Errorf("%d keys", secrets)
	}
}

// TestRules: the command by which deploy/README.md has the Prometheus Operator read the alerts makes
// an object of the operator's, with every alert of the file.
func TestRules(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "deploy/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(string(readme), "`{ printf ")
	command, _, found := strings.Cut("{ printf "+command, "`")
	command, isApplied := strings.CutSuffix(command, " | kubectl apply -f - -n videotoken")
	if !found || !isApplied {
		t.Fatalf("the command is lost: %.200s", command)
	}
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir = root
	made, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/videotoken.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var rule monitoring.PrometheusRule
	if err := yaml.UnmarshalStrict(made, &rule); err != nil || rule.Kind != "PrometheusRule" {
		t.Fatalf("%v\n%s", err, made)
	}
	alerts := 0
	for _, group := range rule.Spec.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				alerts++
			}
		}
	}
	if want := bytes.Count(rules, []byte("- alert: ")); alerts == 0 || alerts != want {
		t.Errorf("%d alerts; the file has %d", alerts, want)
	}
}
