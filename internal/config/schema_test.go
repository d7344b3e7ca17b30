package config_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"videotoken/internal/config"
)

var update = flag.Bool("update", false, "write docs/videotoken.schema.json")

const schemaFile = "../../docs/videotoken.schema.json"

// TestSchemaFile: the file that editors read is the schema of the reader. `make schema` writes it.
func TestSchemaFile(t *testing.T) {
	want, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/videotoken.schema.json is not the reader's: run `make schema`")
	}
}

// compiled is the schema in a validator, which checks the schema itself against its dialect, too.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := config.Schema()
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("videotoken.schema.json", document); err != nil {
		return nil, err
	}
	return c.Compile("videotoken.schema.json")
})

// check validates the text of a configuration as an editor does.
func check(t *testing.T, text []byte) error {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	return s.Validate(withoutTimes(v))
}

// withoutTimes makes strings of times, which YAML 1.2, and so an editor, does not know.
func withoutTimes(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly)
	case []any:
		for i := range v {
			v[i] = withoutTimes(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withoutTimes(v[name])
		}
	}
	return v
}

// validate demands that a configuration that the reader accepts is valid. Every file that a test of
// this package writes comes here.
func validate(t *testing.T, file string) {
	t.Helper()
	if _, err := config.Load(file); err != nil {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := check(t, text); err != nil {
		t.Errorf("the reader accepts it, the schema does not: %v\n%s", err, text)
	}
}

// TestSchemaAccepts: the schema takes the configurations with every field and with every scheme,
// which the reader takes.
func TestSchemaAccepts(t *testing.T) {
	for _, yaml := range []string{full, schemes, private, complete} {
		file := write(t, "videotoken.yaml", yaml, 0o600)
		dir := filepath.Dir(file)
		for name, text := range map[string]string{"aws-1-7": third, "bunny": "SecurityKey"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		writeKey(t, filepath.Join(dir, "cf.pem"))
		if _, err := config.Load(file); err != nil {
			t.Error(err)
		}
	}
}

// complete has what the other configurations of the tests have not.
const complete = `
listen: ":3002"
admin: ""
revocations: {redis: "redis://127.0.0.1:6379/0"}
limits: {body: 65536, memory: auto}
allow: ["/films/"]
callers: [{name: catalogue, hash: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF", paths: ["/films/"], max_ttl: 1h30m, max_renew: 0s}]
document: {urls: [plyr, "a[].b"]}
cdns:
  - {name: a, url: "https://a.example", scheme: videotoken, keys: [{id: 1, secret: SECRET}]}
  - {name: ng, url: "https://files.example", scheme: secure-link, weak: true, expression: "$expires$uri $secret", template: "?md5=$token&e=$expires", digest: hex, keys: [{secret: "enigma"}]}
`

// TestSchemaRefuses: what editors underline, the reader refuses, too.
func TestSchemaRefuses(t *testing.T) {
	const cdns = "cdns: [{name: a, url: \"https://a.example\", keys: [{id: 1, secret: SECRET}]}]\n"
	cdn := func(entry string) string {
		return "cdns: [{name: a, url: \"https://a.example\", " + entry + "}]\n"
	}
	for _, text := range []string{
		"{}", "- a", cdns + "listne: \":1\"", cdns + "listen: 3002", cdns + "listen: []",
		cdns + "listen: [7]", cdns + "admin: 9302", cdns + "admin_key: secret", cdns + "admin_hosts: []",
		cdns + "transport: kqueue", cdns + "balance: random", cdns + "drain: soon", cdns + "drain: 5",
		cdns + "client_address: forwarded", cdns + "signature_cache: 64MB",
		cdns + "signature_cache: 5", cdns + "trusted_proxies: unix", cdns + "allow: []",
		cdns + "allow: [films]",
		cdns + "token: {ttl: 6 hours}", cdns + "token: {life: 6h}", cdns + "limits: {urls: 0}", cdns +
			"limits: {urls: 1.5}", cdns + "limits: {connections: many}", cdns + "limits: {body: auto}",
		cdns + "cors: {credentials: 1}", cdns + "cors: {methods: []}", cdns + "cors: {max_age: 1d}",
		cdns + "document: {urls: []}", cdns + "document: {urls: [{scope: directory}]}",
		cdns + "document: {urls: [{path: a, scope: wide}]}", cdns + "document: {foreign: maybe}",
		cdns + "document: {origins: [\"//b.example\"]}", cdns + "revocations: {}",
		cdns + "revocations: {file: a, redis: \"redis://h\"}", cdns + "callers: []", cdns +
			"callers: [{name: a}]", cdns + "callers: [{name: a b, hash: " + strings.Repeat("ab", 32) + "}]",
		"cdns: []", "cdns: [{}]",
		"cdns: [{name: \"b/c\", url: \"https://a.example\", keys: [{id: 1, secret: SECRET}]}]",
		"cdns: [{name: a, url: \"a.example\", keys: [{id: 1, secret: SECRET}]}]", cdn("keys: []"),
		cdn("keys: [{}]"), cdn("keys: [{id: 1}]"), cdn("keys: [{secret: SECRET}]"),
		cdn("keys: [{id: 65536, secret: SECRET}]"), cdn("keys: [{id: one, secret: SECRET}]"),
		cdn("keys: [{id: 1, secret: short}]"), cdn("keys: [{id: 1, secret: SECRET, secret_file: x}]"),
		cdn("weight: 1001, keys: [{id: 1, secret: SECRET}]"),
		cdn("enforce: 1, keys: [{id: 1, secret: SECRET}]"),
		cdn("placement: path, keys: [{id: 1, secret: SECRET}]"),
		cdn("scheme: hmac, keys: [{id: 1, secret: SECRET}]"),
		cdn("cookies: {domain: a.example}, keys: [{id: 1, secret: SECRET}]"),
		cdn("scheme: akamai, exact_requests: true, keys: [{secret_hex: " +
			"00112233445566778899aabbccddeeff}]"), cdn("scheme: akamai, keys: [{secret: abc}]"),
		cdn("scheme: akamai, placement: cookie, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]"),
		cdn("scheme: akamai, cookies: {}, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]"),
		cdn("scheme: bunny, keys: [{}]"), cdn("scheme: bunny, keys: [{secret: a, secret_file: b}]"),
		cdn("scheme: google-cloud-cdn, keys: [{secret: \"nZtRohdNF9m3cKM24IcK4w==\"}]"),
		cdn("scheme: secure-link, preset: nginx, keys: [{secret: a}]"),
		cdn("scheme: secure-link, preset: nginx, weak: false, keys: [{secret: a}]"),
		cdn("scheme: secure-link, preset: apache, weak: true, keys: [{secret: a}]"),
		cdn("scheme: secure-link, preset: nginx, weak: true, validity: 30, keys: [{secret: a}]"),
		cdn("scheme: cloudfront, keys: [{id: K1, secret: a}]"),
		cdn("scheme: cloudfront, keys: [{id: K1, private_key_file: a, hash: md5}]"),
	} {
		text = strings.ReplaceAll(text, "SECRET", secret)
		if err := check(t, []byte(text)); err == nil {
			t.Errorf("valid: %s", text)
		}
		if _, err := config.Parse("videotoken.yaml", []byte(text)); err == nil {
			t.Errorf("the reader accepts what the schema does not: %s", text)
		}
	}
}

// schemaFields are all fields of a schema, as in ".cdns[](akamai).keys[].secret", with their
// sentence.
func schemaFields(s *jsonschema.Schema, at string) map[string]string {
	all := map[string]string{}
	for name, p := range s.Properties {
		if len(s.AllOf) == 0 { // else each of the branches has it
			all[at+"."+name] = p.Description
			maps.Copy(all, schemaFields(p, at+"."+name))
		}
	}
	if s.Items2020 != nil {
		maps.Copy(all, schemaFields(s.Items2020, at+"[]"))
	}
	for _, branch := range s.AllOf {
		maps.Copy(all,
			schemaFields(branch.Then.Ref, fmt.Sprintf("%s(%v)", at, *branch.If.Properties["scheme"].Const)))
	}
	for _, branch := range s.AnyOf {
		maps.Copy(all, schemaFields(branch, at))
	}
	return all
}

// TestSchemaDocs: every field says in one sentence what it is.
func TestSchemaDocs(t *testing.T) {
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	all := schemaFields(s, "")
	for field, doc := range all {
		if !strings.HasSuffix(doc, ".") {
			t.Errorf("%s: %q is no sentence", field, doc)
		}
	}
	if len(all) < 100 {
		t.Errorf("%d fields", len(all))
	}
}
