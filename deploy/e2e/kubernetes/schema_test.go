package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	_ "sigs.k8s.io/kubectl-validate/pkg/utils" // the module has the schemas
	"sigs.k8s.io/yaml"
)

// kubernetesVersion is the version whose schemas are read: the oldest that has all that is used
// here (preStop.sleep). Objects are also decoded into Go types, of the version that go.mod names.
const kubernetesVersion = "1.30"

// kind is where a kind's schema is, below the folder of a version, and the type that it is decoded
// into. The Prometheus Operator publishes no schema in a module, but the types that its schema is
// made of.
type kind struct {
	file string
	into any
}

func kinds() map[string]kind {
	return map[string]kind{
		"ConfigMap":               {"api/v1.json", &core.ConfigMap{}},
		"Secret":                  {"api/v1.json", &core.Secret{}},
		"Service":                 {"api/v1.json", &core.Service{}},
		"Deployment":              {"apis/apps/v1.json", &apps.Deployment{}},
		"HorizontalPodAutoscaler": {"apis/autoscaling/v2.json", &autoscaling.HorizontalPodAutoscaler{}},
		"PodDisruptionBudget":     {"apis/policy/v1.json", &policy.PodDisruptionBudget{}},
		"NetworkPolicy":           {"apis/networking.k8s.io/v1.json", &networking.NetworkPolicy{}},
		"ServiceMonitor":          {"", &monitoring.ServiceMonitor{}},
	}
}

// check checks an object against its schema, and decodes it strictly into its type.
func check(name string, text []byte) error {
	k, ok := kinds()[name]
	if !ok {
		return fmt.Errorf("no schema for the kind %q", name)
	}
	err := yaml.UnmarshalStrict(text, k.into)
	if k.file == "" {
		return err
	}
	schema, errSchema := compile(k.file, name)
	if errSchema != nil {
		return errSchema
	}
	b, errJSON := yaml.YAMLToJSONStrict(text)
	if errJSON != nil {
		return errJSON
	}
	object, errJSON := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if errJSON != nil {
		return errJSON
	}
	return errors.Join(err, schema.Validate(object))
}

// compile returns the published schema of a kind, which takes no unknown fields.
func compile(file, name string) (*jsonschema.Schema, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kubectl-validate")
	list.Env = append(os.Environ(), "GOWORK=off")
	dir, err := list.Output()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "pkg/openapiclient/builtins",
		kubernetesVersion, file))
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	schemas := document.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	id := ""
	for key := range schemas {
		if strings.HasPrefix(key, "io.k8s.api.") && strings.HasSuffix(key, "."+name) {
			id = key
		}
	}
	if id == "" {
		return nil, fmt.Errorf("%s has no %s", file, name)
	}
	forbidUnknown(schemas)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4) // the dialect of OpenAPI 3.0
	if err := compiler.AddResource("openapi.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("openapi.json#/components/schemas/" + id)
}

// forbidUnknown has every schema with properties take no others. Kubernetes itself drops unknown
// fields in silence, unless kubectl asks it not to.
func forbidUnknown(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, part := range v {
			forbidUnknown(part)
		}
	case []any:
		for _, part := range v {
			forbidUnknown(part)
		}
	}
}

// TestSchemas: every object is as the published schemas and types have it, and none is missing.
func TestSchemas(t *testing.T) {
	all := objects(t)
	for name := range kinds() {
		text, ok := all[name]
		if !ok {
			t.Errorf("no %s is rendered", name)
			continue
		}
		if err := check(name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(all) != len(kinds()) {
		t.Errorf("%d objects of %d kinds", len(all), len(kinds()))
	}
}

// TestSchemasRefuse: the check of TestSchemas finds mistakes.
func TestSchemasRefuse(t *testing.T) {
	all := objects(t)
	for _, c := range []struct{ kind, old, mistake, schema string }{
		{"Deployment", "readinessProbe:", "readynessProbe:", "'readynessProbe'"},
		{"Deployment", "containerPort: 3002", "containerPort: http", "/containerPort"},
		{"Deployment", "        name: videotoken\n        ports:", "        ports:", "'name'"},
		{"Deployment", "type: RuntimeDefault", "typo: RuntimeDefault", "'type'"},
		{"NetworkPolicy", "podSelector:", "podSelektor:", "'podSelektor'"},
		{"HorizontalPodAutoscaler", "maxReplicas: 12", "minimum: 12", "'maxReplicas'"},
		{"PodDisruptionBudget", "maxUnavailable: 1", "maxUnavailable: [1]", "/maxUnavailable"},
		{"ServiceMonitor", "interval: 15s", "intervall: 15s", ""},
	} {
		text := strings.Replace(string(all[c.kind]), c.old, c.mistake, 1)
		if text == string(all[c.kind]) {
			t.Errorf("%s does not have %q", c.kind, c.old)
			continue
		}
		if err := check(c.kind, []byte(text)); err == nil || !strings.Contains(err.Error(), c.schema) {
			t.Errorf("%s with %q: %v, want %q", c.kind, c.mistake, err, c.schema)
		}
	}
}

// decode returns an object as its type.
func decode[T any](t *testing.T) (v T) {
	t.Helper()
	name := strings.TrimPrefix(fmt.Sprintf("%T", v), "v1.")
	name = strings.TrimPrefix(name, "v2.")
	b, err := yaml.YAMLToJSONStrict(objects(t)[name])
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
