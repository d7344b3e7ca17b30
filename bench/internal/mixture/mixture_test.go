package mixture

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSchemes: every scheme of the service has a CDN in the mixture, and each CDN its turn.
func TestSchemes(t *testing.T) {
	schema, err := os.ReadFile("../../../docs/videotoken.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	_, definitions, _ := strings.Cut(string(schema), `"$defs"`)
	found := regexp.MustCompile(`"const": "([a-z0-9-]+)"`).FindAllStringSubmatch(definitions, -1)
	names := map[string]bool{}
	for _, m := range found {
		names[m[1]] = true
	}
	delete(names, "videotoken") // the load's
	if len(names) < 8 {
		t.Fatalf("only %d schemes: %v", len(names), names)
	}
	for name := range names {
		if !strings.Contains(others, "scheme: "+name+",") {
			t.Errorf("no CDN has the scheme %s", name)
		}
	}
	for _, name := range schemes {
		if !strings.Contains(others, "{name: "+name+",") {
			t.Errorf("there is no CDN %s", name)
		}
	}
	if n := strings.Count(others, "{name: "); n != len(schemes) {
		t.Errorf("%d CDNs, of which %d have a turn", n, len(schemes))
	}
}
