package systemtest

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page returns docs/operate.md.
func page(tb testing.TB) string {
	tb.Helper()
	return source(tb, "docs/operate.md")
}

// blocks returns the blocks of a language in a Markdown text.
func blocks(text, language string) (all []string) {
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text,
		-1) {
		all = append(all, m[1])
	}
	return all
}

// sections cuts a Markdown text at its headings of a level, and returns the text of each.
func sections(text, level string) map[string]string {
	all := map[string]string{}
	for _, part := range strings.Split("\n"+text, "\n"+level+" ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		all[title] = body
	}
	return all
}

var (
	metricName = regexp.MustCompile(`videotoken_[a-z_]+`)
	metricType = regexp.MustCompile(`(?m)^# TYPE (videotoken_[a-z_]+) `)
	inTable    = regexp.MustCompile("(?m)^\\| `(videotoken_[a-z_]+)` \\|")
)

// everything is a configuration that has all metrics shown.
const everything = `
callers: [{name: catalogue, hash: "0000000000000000000000000000000000000000000000000000000000000000"}]
revocations: {file: revoked}
drain: 0s
cdns:
  - {name: a, url: "https://a.example", keys: [{id: 1, secret: "SECRET"}]}
  - {name: b, url: "https://b.example", enforce: false, keys: [{id: 2, secret: "SECRET"}]}
`

// shownMetrics returns the names of the service's own metrics in /metrics.
func shownMetrics(t *testing.T) map[string]bool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, strings.ReplaceAll(everything, "SECRET", secret(1)))
	p := start(t, "-config", file)
	get(t, "http://"+p.addr+"/healthz") // requests are shown once there was one
	shown := map[string]bool{}
	for _, m := range metricType.FindAllStringSubmatch(get(t, "http://"+p.admin+"/metrics"), -1) {
		shown[m[1]] = true
	}
	return shown
}

// base is the name of a metric without what a histogram's series have at their ends.
func base(name string, shown map[string]bool) string {
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		if short := strings.TrimSuffix(name, end); shown[short] {
			return short
		}
	}
	return name
}

// TestPageMetrics: docs/operate.md has a line for each metric that the service shows, and names no
// other, and neither do the alerts. The service shows what its code names.
func TestPageMetrics(t *testing.T) {
	shown := shownMetrics(t)
	lines := map[string]int{}
	for _, m := range inTable.FindAllStringSubmatch(page(t), -1) {
		lines[m[1]]++
	}
	for name := range shown {
		if lines[name] != 1 {
			t.Errorf("the page has %d lines for %s", lines[name], name)
		}
	}
	check := func(where, text string) {
		for _, name := range metricName.FindAllString(text, -1) {
			if name = base(name, shown); !shown[name] {
				t.Errorf("%s names %s, which /metrics does not have", where, name)
			}
		}
	}
	check("the page", page(t))
	for _, a := range alerts(t) {
		check(a.Name, a.Expr)
	}
	for name := range namedMetrics(t) {
		if !shown[name] {
			t.Errorf("the code names %s, which /metrics does not have: this test needs another "+
				"configuration", name)
		}
	}
}

// namedMetrics returns the names of metrics in the server's code.
func namedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	files, err := fs.Glob(os.DirFS(filepath.Join(root, "internal/server")), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			for _, m := range regexp.MustCompile(`"(videotoken_[a-z_]+)"`).FindAllStringSubmatch(
				source(t, "internal/server/"+name), -1) {
				names[m[1]] = true
			}
		}
	}
	if len(names) < 20 {
		t.Fatalf("only %d metrics in the code", len(names))
	}
	return names
}

// TestPageAlerts: docs/operate.md has a paragraph for each alert, which begins with its severity,
// and for no other.
func TestPageAlerts(t *testing.T) {
	paragraphs := sections(sections(page(t), "##")["Alerts"], "###")
	for _, a := range alerts(t) {
		text := strings.TrimSpace(paragraphs[a.Name])
		if !strings.HasPrefix(text, a.Labels["severity"]+". ") || len(text) < 60 {
			t.Errorf("%s, severity %s: the page says %q", a.Name, a.Labels["severity"], text)
		}
		delete(paragraphs, a.Name)
	}
	if len(paragraphs) > 0 {
		t.Errorf("the page has alerts that are not in the rules: %v",
			slices.Sorted(maps.Keys(paragraphs)))
	}
}

// TestPageLinks: each link of docs/operate.md leads to a file, or to a heading of the page.
func TestPageLinks(t *testing.T) {
	text := page(t)
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		headings["#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(text, -1)
	if len(links) < 20 {
		t.Errorf("only %d links", len(links))
	}
	for _, m := range links {
		file, _, _ := strings.Cut(m[1], "#")
		if _, err := os.Stat(filepath.Join(root, "docs", file)); err != nil ||
			file == "" && !headings[m[1]] {
			t.Errorf("%s leads nowhere: %v", m[1], err)
		}
	}
}
