package systemtest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer says what a package may import besides the standard library.
type layer struct {
	internal []string // of this module, without its name and "internal/"
	external []string // of other modules, by the start of the path
}

// layers are the arrows of docs/DESIGN.md, section 9: every package is below those that import it.
var layers = map[string]layer{
	"ascii":     {},
	"limits":    {},
	"uri":       {[]string{"ascii"}, nil},
	"mediatype": {[]string{"ascii"}, nil},
	"token":     {[]string{"ascii", "uri"}, []string{"github.com/zeebo/blake3"}},
	"scheme": {[]string{"token", "uri"},
		[]string{"github.com/maypok86/otter", "github.com/zeebo/blake3"}},
	"caller":            {[]string{"uri"}, []string{"github.com/zeebo/blake3"}},
	"cdn":               {[]string{"scheme", "token", "uri"}, []string{"github.com/cespare/xxhash"}},
	"document":          {[]string{"ascii", "uri"}, []string{"github.com/goccy/go-json"}},
	"listen":            {},
	"logqueue":          {nil, []string{"golang.org/x/term"}},
	"logqueue/logtest":  {},
	"revoked":           {nil, []string{"github.com/valkey-io/valkey-go"}},
	"revoked/redistest": {nil, []string{"github.com/valkey-io/valkey-go"}},
	"video": {[]string{"ascii", "caller", "cdn", "document", "limits", "mediatype", "revoked",
		"scheme", "token", "uri"}, nil},
	"config": {[]string{"caller", "cdn", "document", "limits", "listen", "revoked", "scheme",
		"token", "uri"},
		[]string{"github.com/fsnotify/fsnotify", "go.yaml.in/yaml", "golang.org/x/net/publicsuffix"}},
	"transport": {[]string{"ascii", "limits"}, []string{"github.com/valyala/fasthttp", "golang.org/x/sys"}},
	"server": {[]string{"caller", "cdn", "limits", "mediatype", "revoked", "scheme",
		"token", "transport", "uri", "video"}, []string{"github.com/goccy/go-json",
		"github.com/prometheus/client_golang", "github.com/valyala/fasthttp"}},
	"playlist":   {[]string{"token", "uri"}, nil},
	"hostile":    {[]string{"limits"}, nil},
	"suggest":    {nil, []string{"github.com/agnivade/levenshtein"}},
	"sockdiag":   {},
	"systemtest": {},
	"": {[]string{"caller", "cdn", "config", "listen", "logqueue", "playlist", "revoked",
		"scheme", "server", "suggest", "token", "uri", "video"}, nil},
}

// TestLayers: every arrow between packages points downwards, and no other module is linked where it
// does not belong.
func TestLayers(t *testing.T) {
	list := func(args ...string) string {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	module := list("-m")
	short := func(path string) (string, bool) {
		path, ours := strings.CutPrefix(path+"/", module+"/")
		return strings.TrimSuffix(strings.TrimPrefix(path, "internal/"), "/"), ours
	}
	lines := strings.Split(list("-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./..."), "\n")
	if len(lines) < 10 {
		t.Fatalf("%d packages: %q", len(lines), lines)
	}
	for _, line := range lines {
		path, imports, _ := strings.Cut(line, ":")
		name, _ := short(path)
		allowed, ok := layers[name]
		if !ok {
			t.Errorf("%s has no row in the table of layers", path)
		}
		for imported := range strings.FieldsSeq(imports) {
			below, ours := short(imported)
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case ours:
				if !slices.Contains(allowed.internal, below) {
					t.Errorf("%s imports %s, which is not below it", path, imported)
				}
			case strings.Contains(first, "."):
				if !slices.ContainsFunc(allowed.external, func(m string) bool {
					return imported == m || strings.HasPrefix(imported, m+"/")
				}) {
					t.Errorf("%s imports %s, which has no place there", path, imported)
				}
			}
		}
	}
}
