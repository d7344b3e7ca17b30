package systemtest

import (
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"videotoken/internal/scheme"
)

// blocksOf returns the blocks of a section of a page, at least one.
func blocksOf(t *testing.T, page, section string) (all []string) {
	t.Helper()
	for _, b := range codeBlocks(source(t, page)) {
		if b.section == section {
			all = append(all, b.text)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s: %s has no blocks", page, section)
	}
	return all
}

// shell runs a script in a folder, where `videotoken` is the program, and returns all that it
// prints.
func shell(t *testing.T, dir, script string, env ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "videotoken")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "VIDEOTOKEN_CONFIG=", "PATH="+bin+":"+os.Getenv("PATH")),
		env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestEdgesPage runs what docs/edges.md shows of check-playlist, against an origin that has the
// playlists.
func TestEdgesPage(t *testing.T) {
	const media = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ns1.m4s\n"
	files := map[string]string{
		"/cmaf/film/video/master.m3u8": "#EXTM3U\n" +
			"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"../audio/en/a.m3u8\"\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n",
		"/cmaf/film/video/v.m3u8": media, "/cmaf/film/audio/en/a.m3u8": media,
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(files[r.URL.Path]))
	}))
	t.Cleanup(origin.Close)
	var c transcript
	for _, block := range blocksOf(t, "docs/edges.md", "Something does not play") {
		c.read(block)
	}
	out, err := shell(t, t.TempDir(),
		strings.ReplaceAll(c.script, "https://origin.example", origin.URL))
	var status *exec.ExitError
	if !errors.As(err, &status) || status.ExitCode() != 1 {
		t.Errorf("%v; not all are covered, so the status is 1", err)
	}
	got := strings.ReplaceAll(out, origin.URL, "https://origin.example")
	if !c.matches(got) {
		t.Errorf("the commands print\n%s\nand the page says\n%s", got, c.want)
	}
}

// aCDN is an entry of cdns, as much as the test of schemes.md has to know.
type aCDN struct {
	Name, URL, Scheme string
	Keys              []struct {
		SecretFile  string `yaml:"secret_file"`
		PrivateFile string `yaml:"private_key_file"`
	}
}

// TestSchemesPage runs the commands of each section of docs/schemes.md with the configuration that
// it shows: the keys that they make are valid there, and URLs are signed and verified.
func TestSchemesPage(t *testing.T) {
	page := source(t, "docs/schemes.md")
	titles := strings.Join(slices.Collect(maps.Keys(sections(page, "##"))), ", ")
	for _, name := range scheme.Names() {
		if !slices.Contains(strings.Split(titles, ", "), name) ||
			strings.Count(page, "\n| `"+name+"` | ") != 1 {
			t.Errorf("the page has no section, or no line of its table, for %s", name)
		}
	}
	signed := 0
	for title, text := range sections(page, "##") {
		shown := blocks(text, "yaml")
		if len(shown) == 0 {
			continue
		}
		t.Run(strings.ReplaceAll(title, ",", ""), func(t *testing.T) {
			dir := t.TempDir()
			configuration := strings.ReplaceAll(shown[0], "/run/secrets/", dir+"/")
			if strings.HasPrefix(configuration, "- ") {
				configuration = "cdns:\n" + configuration
			}
			file := filepath.Join(dir, "videotoken.yaml")
			put(t, file, configuration)
			run := func(command string) string {
				t.Helper()
				out, err := shell(t, dir, command, "VIDEOTOKEN_CONFIG="+file)
				if err != nil {
					t.Errorf("%s: %v\n%s", command, err, out)
				}
				return out
			}
			inline := regexp.MustCompile("`(videotoken (keygen|sign) [^`]*)`").FindAllStringSubmatch(text,
				-1)
			for _, m := range inline {
				if m[2] == "keygen" {
					run(m[1])
				}
			}
			cdns := makeKeys(t, dir, configuration, run)
			run("videotoken -check")
			for _, m := range inline {
				if m[2] == "sign" {
					signed++
					url := strings.TrimSpace(run(m[1]))
					name := regexp.MustCompile(`-cdn (\S+)`).FindStringSubmatch(m[1])
					if name == nil || !strings.HasPrefix(url, cdns[name[1]].URL+"/") {
						t.Errorf("%s prints %s", m[1], url)
					}
					run("videotoken verify '" + url + "'")
				}
			}
		})
	}
	if signed < 6 {
		t.Errorf("%d URLs were signed", signed)
	}
}

// makeKeys makes the key files of a configuration that are not there yet, and returns its CDNs by
// their names.
func makeKeys(t *testing.T, dir, configuration string, run func(string) string) map[string]aCDN {
	t.Helper()
	var c struct{ CDNs []aCDN }
	if err := yaml.Unmarshal([]byte(configuration), &c); err != nil {
		t.Fatal(err)
	}
	cdns := map[string]aCDN{}
	for _, cdn := range c.CDNs {
		cdns[cdn.Name] = cdn
		for _, key := range cdn.Keys {
			if name := key.PrivateFile; name != "" {
				if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
					run("videotoken keygen -scheme " + cdn.Scheme + " -out " + name)
				}
			}
			switch {
			case key.SecretFile == "":
			case cdn.Scheme == "":
				put(t, key.SecretFile, run("videotoken keygen -secret-only"))
			case scheme.Lookup(cdn.Scheme).NewSecret == nil: // the vendor makes the key
				put(t, key.SecretFile, "00000000-1111-2222-3333-444444444444")
			default:
				put(t, key.SecretFile, run("videotoken keygen -secret-only -scheme "+cdn.Scheme))
			}
		}
	}
	return cdns
}

// TestDeployPage runs the health checks of deploy/README.md, and reads as YAML what it shows of
// programs that are not run here.
func TestDeployPage(t *testing.T) {
	const deploy = "deploy/README.md"
	file := configure(t, "admin: \"\"", "listen: \""+freePort(t)+"\"")
	p := launch(t, exec.Command(binary, "-config", file), 1)
	checks := blocksOf(t, deploy, "Health checks")[0]
	here := strings.NewReplacer("/etc/videotoken/videotoken.yaml", file, "127.0.0.1:3002",
		p.addr).Replace(checks)
	if strings.Count(here, file)+strings.Count(here, p.addr) != strings.Count(here, "\n") {
		t.Errorf("not each asks the service:\n%s", here)
	}
	if out, err := shell(t, t.TempDir(), "set -e\n"+here); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
	const script = "a script" // which deploy/envoy/readme_test.go runs
	for section, want := range map[string][]string{
		"Traefik": {"http"}, "Envoy": {script, "", "match route"}, "ingress-nginx": {"metadata spec"},
	} {
		for i, block := range blocksOf(t, deploy, section) {
			if want[i] == script {
				continue
			}
			var v any
			if err := yaml.Unmarshal([]byte(block), &v); err != nil {
				t.Errorf("%s: %v\n%s", section, err, block)
			}
			members, _ := v.(map[string]any)
			if got := strings.Join(slices.Sorted(maps.Keys(members)), " "); got != want[i] {
				t.Errorf("%s: the members %q, want %q", section, got, want[i])
			}
		}
	}
}

// TestGoPage compiles the Go of README.md.
func TestGoPage(t *testing.T) {
	shown := regexp.MustCompile(`(?m)^    (v, err := .*)$`).FindStringSubmatch(source(t, "README.md"))
	if shown == nil {
		t.Fatal("the README has lost its Go")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	put(t, file, "package main\n\nimport (\n\"net/http\"\n\"time\"\n\n\"videotoken/token\"\n)\n\n"+
		"func verify(keys token.Keys, r *http.Request) (token.Verified, error) {\n"+shown[1]+
		"\nreturn v, err\n}\n\n"+
		"func main() { _ = verify }\n")
	cmd := exec.Command("go", "vet", file)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestScalingPage: docs/scaling.md computes with the README's figures.
func TestScalingPage(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| \*\*videotoken\*\* \| ([\d.]+ µs) \| \d+ \| ([\d.]+ µs) \|`).
		FindStringSubmatch(source(t, "README.md"))
	if row == nil {
		t.Fatal("the README has no row of videotoken")
	}
	page := source(t, "docs/scaling.md")
	for _, want := range []string{
		"| CPU of `POST /video/token`, 100 connections | " + row[1] + " |",
		"| the same, 1000 connections | " + row[2] + " |",
		"| cores of videotoken: " + row[1] + " / 0.7 |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not have %q", want)
		}
	}
}
