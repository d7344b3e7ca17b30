package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
)

const schemaFile = "../../results.schema.json"

// schemaOf is the JSON Schema of a Go type, as encoding/json writes it.
func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem())
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice: // nil is null
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		members, required := map[string]any{}, []string{}
		for i := range t.NumField() {
			name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			members[name] = schemaOf(t.Field(i).Type)
			if options != "omitempty" {
				required = append(required, name)
			}
		}
		return map[string]any{"type": "object", "additionalProperties": false, "properties": members,
			"required": required}
	}
	panic(fmt.Sprintf("a result has a %v, of which the schema knows nothing", t))
}

// TestSchemaFile: the file is the schema of the Go types, and every result follows it: the one that
// is recorded here, a fresh one of an open loop, and one in which nothing was answered.
func TestSchemaFile(t *testing.T) {
	top := schemaOf(reflect.TypeFor[File]())
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema",
		"The results of `bench`, members with _ns in nanoseconds"
	top["properties"].(map[string]any)["schema"] = map[string]any{"const": Schema}
	want, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("bench/results.schema.json is not the schema of the Go types (go test -update "+
			"writes it): %v", err)
	}
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	_, open := example(t)
	nothing := record.New(load.Load{Duration: time.Second}, false).Result("seed", record.Settings{},
		&load.Outcome{})
	fresh := filepath.Join(t.TempDir(), "fresh.json")
	f := &File{Schema: Schema, Time: time.Now(), Flags: []string{"run"}, Machine: ThisMachine(),
		Results: []*record.Result{open, nothing}}
	if err := f.Write(fresh); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fresh, "../../testdata/report.json"} {
		if err := validate(schema, name, "", ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range [][2]string{{`"schema": 1`, `"schema": 2`}, {`"requests":`, `"request":`},
		{`"p50":`, `"p51":`}, {`"connections": 1000`, `"connections": "1000"`}} {
		if validate(schema, fresh, wrong[0], wrong[1]) == nil {
			t.Errorf("%s in place of %s is taken", wrong[1], wrong[0])
		}
	}
}

// validate validates a file in which one text stands in the place of another.
func validate(schema *jsonschema.Schema, name, from, to string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Contains(b, []byte(from)) {
		return fmt.Errorf("no %s in %s", from, name)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.Replace(b, []byte(from), []byte(to), 1)))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}
