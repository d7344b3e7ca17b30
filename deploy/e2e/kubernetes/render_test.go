package kubernetes

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden file anew")

// testKeys are the files of site/keys, which every installation has its own of.
var testKeys = map[string]string{
	"own-7":    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
	"akamai-1": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
}

// render returns what kustomize makes of site, with the keys of the test. edit, which may be nil,
// changes a file before.
func render(t *testing.T, edit func(name, text string) string) []byte {
	t.Helper()
	from, to := os.DirFS(filepath.Join(root, "deploy/kubernetes")), filesys.MakeFsInMemory()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if edit != nil {
			b = []byte(edit(name, string(b)))
		}
		return to.WriteFile("/"+name, b)
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range testKeys { // they replace keys that somebody made there to try it
		if err := to.WriteFile("/site/keys/"+name, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(to, "/site")
	if err != nil {
		t.Fatal(err)
	}
	b, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// objects returns the rendered objects, each as YAML, by their kinds. No kind is there twice.
func objects(t *testing.T) map[string][]byte { return split(t, render(t, nil)) }

func split(t *testing.T, rendered []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, text := range bytes.Split(rendered, []byte("\n---\n")) {
		var head struct {
			Kind string `json:"kind"`
		}
		if err := yaml.Unmarshal(text, &head); err != nil {
			t.Fatal(err)
		}
		if head.Kind == "" || all[head.Kind] != nil {
			t.Fatalf("a second %q:\n%s", head.Kind, text)
		}
		all[head.Kind] = text
	}
	return all
}

// TestGolden: what kustomize renders is what somebody has read.
func TestGolden(t *testing.T) {
	const golden = "testdata/site.yaml"
	got := render(t, nil)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("rendered:\n%s\n-update writes it to %s", got, golden)
	}
}

// TestRedis: the lines about Redis, without their comment signs, open the way to it.
func TestRedis(t *testing.T) {
	text := split(t, render(t, func(name, text string) string {
		before, after, ok := strings.Cut(text, "# With revocations in Redis:\n")
		if name != "site/kustomization.yaml" {
			return text
		}
		if !ok {
			t.Fatalf("%s says nothing about Redis", name)
		}
		return before + strings.ReplaceAll("\n"+after, "\n# ", "\n")
	}))["NetworkPolicy"]
	if err := check("NetworkPolicy", text); err != nil {
		t.Error(err)
	}
	var policy networking.NetworkPolicy
	if err := yaml.UnmarshalStrict(text, &policy); err != nil || len(policy.Spec.Egress) != 2 ||
		policy.Spec.Egress[0].Ports[0].Port.IntValue() != 6379 {
		t.Errorf("%v\n%s", err, text)
	}
}
