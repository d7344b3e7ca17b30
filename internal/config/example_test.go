package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"videotoken/internal/config"
	"videotoken/internal/scheme"
)

// readExample reads the example at the top of the repository, and the same with all that is off
// turned on.
func readExample(t *testing.T) (example, on string) {
	t.Helper()
	text, err := os.ReadFile("../../videotoken.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	example = string(text)
	return example, regexp.MustCompile(`(?m)^( *)#((?:  +)?[a-z-])`).ReplaceAllString(example, "$1$2")
}

// secrets writes the files that the example names, beside where it would stand, and returns that
// name.
func secrets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, on := readExample(t)
	for i, entry := range strings.Split(on, "- name: ")[1:] {
		file := regexp.MustCompile(`\n +(?:- )?secret_file: secrets/(\S+)`).FindStringSubmatch(entry)
		kind := regexp.MustCompile(`\n +scheme: (\S+)`).FindStringSubmatch(entry)
		if file == nil || kind == nil {
			continue
		}
		secret := "the vendor makes this key"
		if s := scheme.Lookup(kind[1]); s.NewSecret != nil {
			_, secret = s.NewSecret([32]byte{31: byte(i)})
		} else if s.NewPrivate != nil {
			secret = "DJUcnLguVFKmVCFnWGubG1MZg7fWAnxacMjKDhVZMGI=" // an Ed25519 seed
		}
		name := file[1]
		if err := os.WriteFile(filepath.Join(dir, "secrets", name), []byte(secret+"\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeKey(t, filepath.Join(dir, "secrets/cloudfront.pem"))
	writeEd25519(t, filepath.Join(dir, "secrets/media.pem"))
	return filepath.Join(dir, "videotoken.yaml")
}

// TestExample: the example is a configuration, and says what is so without it.
func TestExample(t *testing.T) {
	example, _ := readExample(t)
	name := secrets(t)
	whole, err := config.Parse(name, []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	short, err := config.Parse(name,
		[]byte("cdns: [{name: own, url: \"https://video.example.com\", keys: [{id: 7, secret_file: "+
			"secrets/own-7}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Warnings) > 0 {
		t.Errorf("warnings: %q", whole.Warnings)
	}
	describe := func(c *config.Config) string {
		own := c.CDNs.All()[0]
		own.Signer, c.CDNs, c.Signatures, c.Document.Patterns, c.Sum = nil, nil, nil, nil, short.Sum
		return regexp.MustCompile(`0x[0-9a-f]+`).ReplaceAllString(fmt.Sprintf("%+v %+v", c, own),
			"ADDRESS")
	}
	if got, want := fmt.Sprint(whole.Document.Patterns),
		fmt.Sprint(short.Document.Patterns); got != want {
		t.Errorf("document.urls: %s, the default is %s", got, want)
	}
	if got, want := describe(whole), describe(short); got != want {
		t.Errorf("the example is\n%s\nand the defaults are\n%s", got, want)
	}
	if err := check(t, []byte(example)); err != nil {
		t.Error(err)
	}
}

// TestExampleOn: what is off in the example would be accepted, except that there are two of a kind
// where one may stand.
func TestExampleOn(t *testing.T) {
	_, on := readExample(t)
	for _, two := range []string{`  urls: \["sources\[\]\.src"\] .*\n`, `  redis: .*\n`} {
		if !regexp.MustCompile(two).MatchString(on) {
			t.Errorf("%s is not there", two)
		}
		on = regexp.MustCompile(two).ReplaceAllString(on, "")
	}
	if err := check(t, []byte(on)); err != nil {
		t.Error(err)
	}
	on = strings.Replace(on, "credentials: false", "credentials: true", 1) // for the cookies
	c, err := config.Parse(secrets(t), []byte(on))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scheme.Names() {
		if !strings.Contains(on, "scheme: "+name+" ") {
			t.Errorf("no CDN has the scheme %s", name)
		}
	}
	if n := len(c.CDNs.All()); n < 9 {
		t.Errorf("%d CDNs", n)
	}
}

// TestExampleComplete: every field of the schema stands in the example, in every scheme, with its
// default where it has one, and with a comment. [TestExample] compares document.urls.
func TestExampleComplete(t *testing.T) {
	example, on := readExample(t)
	on = strings.Replace(on, `  urls: ["sources[].src"] `, "  #", 1) // the first of the two
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	// look notes the fields of a value, and compares them with their defaults.
	var look func(s *jsonschema.Schema, at string, v any)
	look = func(s *jsonschema.Schema, at string, v any) {
		for _, branch := range s.AnyOf {
			look(branch, at, v)
		}
		switch v := v.(type) {
		case map[string]any:
			scheme, isCDN := v["scheme"].(string)
			for _, branch := range s.AllOf {
				if isCDN && fmt.Sprint(*branch.If.Properties["scheme"].Const) == scheme {
					look(branch.Then.Ref, at+"("+scheme+")", v)
					return
				}
			}
			for name, value := range v {
				p := s.Properties[name]
				if p == nil {
					continue
				}
				full := at + "." + name
				seen[full] = true
				if p.Default != nil && fmt.Sprint(*p.Default) != fmt.Sprint(value) &&
					!strings.HasPrefix(full, ".document.urls") {
					t.Errorf("%s: %v, the default is %v", full, value, *p.Default)
				}
				look(p, full, value)
			}
		case []any:
			for _, item := range v {
				if s.Items2020 != nil {
					look(s.Items2020, at+"[]", item)
				}
			}
		}
	}
	for _, text := range []string{on, example} {
		var v map[string]any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		look(s, "", v)
	}
	for field := range schemaFields(s, "") {
		if !seen[field] {
			t.Errorf("%s is missing", strings.TrimPrefix(field, "."))
		}
	}
	for i, line := range strings.Split(on, "\n") {
		if regexp.MustCompile(`^ *(- )?[a-z_]+:`).MatchString(line) && !strings.Contains(line, " # ") &&
			line != "cdns:" {
			t.Errorf("line %d has no comment: %s", i+1, line)
		}
	}
}

var fenced = regexp.MustCompile("(?s)\n```yaml\n(.*?)```")

// TestPages: what the pages show of a configuration is valid, whole or as entries of cdns.
func TestPages(t *testing.T) {
	count := 0
	shown := map[string]*regexp.Regexp{
		"README.md": fenced, "docs/schemes.md": fenced, "deploy/README.md": fenced,
		"docs/DESIGN.md": regexp.MustCompile(`\n((?:    listen: .*\n)(?:    .*\n)+)`),
	}
	for page, pattern := range shown {
		text, err := os.ReadFile("../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
			block := regexp.MustCompile(`hash: ("\.\.\."|\.\.\.)`).ReplaceAllString(m[1],
				"hash: "+strings.Repeat("ab", 32))
			switch {
			case strings.HasPrefix(block, "- "):
				block = "cdns:\n" + block
			case !strings.Contains(block, "cdns:"):
				continue // of another program
			}
			count++
			if err := check(t, []byte(block)); err != nil {
				t.Errorf("%s: %v\n%s", page, err, block)
			}
		}
	}
	if count < 11 {
		t.Errorf("%d configurations", count)
	}
}
