package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// snippets are the lines that a README shows of the files of deploy/, by the words before them.
var snippets = map[string]struct{ readme, after, file string }{
	"nginx":         {"deploy/README.md", "\n## nginx\n", "deploy/nginx/videotoken.conf"},
	"Caddy":         {"deploy/README.md", "\n## Caddy\n", "deploy/caddy/Caddyfile"},
	"HAProxy":       {"deploy/README.md", "\n## HAProxy\n", "deploy/haproxy/haproxy.cfg"},
	"nginx, README": {"README.md", "\n**nginx**", "deploy/nginx/videotoken.conf"},
}

// TestSnippets shows that each line of a snippet stands in the file that the tests run, and that
// the lines an operator must not leave out are there.
func TestSnippets(t *testing.T) {
	needed := map[string][]string{
		"deploy/nginx/videotoken.conf": {`proxy_set_header Content-Length "";`,
			"proxy_pass_request_body off;", "proxy_pass $verified;",
			`map $token_path $verified { "~^/" http://origin$token_path; }`},
		"deploy/caddy/Caddyfile": {"header_up X-Real-IP {remote_host}",
			"rewrite * {http.request.header.X-Token-Path}?",
			"respond @unverified 503"},
		"deploy/haproxy/haproxy.cfg": {"http-request set-uri %[var(txn.token_path)]"},
	}
	for name, s := range snippets {
		text, file := readFile(t, s.readme), lines(readFile(t, s.file))
		_, after, found := strings.Cut(text, s.after)
		if !found {
			t.Errorf("%s: %s has no %q", name, s.readme, s.after)
			continue
		}
		snippet := firstBlock(after)
		if len(snippet) == 0 {
			t.Errorf("%s: %s has no lines after %q", name, s.readme, s.after)
		}
		for _, line := range snippet {
			if !slices.Contains(file, line) {
				t.Errorf("%s: %s shows %q, which %s does not have", name, s.readme, line, s.file)
			}
		}
		for _, line := range needed[s.file] {
			if !slices.Contains(snippet, line) {
				t.Errorf("%s: %s does not show %q", name, s.readme, line)
			}
		}
	}
}

// TestRun: the README names the edges that the tests run. Of each other one it says that it is not
// run here, and that the origin gets tokens of the query; SECURITY.md says it, too.
func TestRun(t *testing.T) {
	readme := readFile(t, "deploy/README.md")
	intro, _, _ := strings.Cut(readme, "\n## ")
	if !strings.Contains(intro, "`make e2e` runs nginx, Caddy, HAProxy and the worker with\n") ||
		!slices.Equal(edges, []string{"nginx", "caddy", "haproxy", "worker"}) {
		t.Errorf("the tests run %q, and the README says:\n%s", edges, intro)
	}
	_, origin, _ := strings.Cut(readFile(t, "SECURITY.md"), "\n| a hostile origin: the server ")
	origin, _, _ = strings.Cut(origin, "\n")
	_, unprotected, _ := strings.Cut(origin, "a playlist cannot widen its own token | ")
	for section, name := range map[string]string{
		"Traefik": "Traefik", "Envoy": "Envoy over HTTP", "ingress-nginx": "ingress-nginx",
	} {
		_, text, _ := strings.Cut(readme, "\n## "+section+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		words := strings.Join(strings.Fields(text), " ")
		if !strings.Contains(words, "ot run here") ||
			!strings.Contains(words, "A token in the query reaches the origin") {
			t.Errorf("%s: nothing of what is not run, or not protected", section)
		}
		if !strings.Contains(unprotected, name) {
			t.Errorf("SECURITY.md protects the origin's side of %s: %s", name, origin)
		}
	}
}

// TestWorkerVariables: both pages name each variable that the worker's first comment has.
func TestWorkerVariables(t *testing.T) {
	comment, _, _ := strings.Cut(readFile(t, "deploy/worker/worker.js"), "\nimport ")
	variables := regexp.MustCompile(`(?m)^//   ([A-Z_]+) `).FindAllStringSubmatch(comment, -1)
	if len(variables) < 9 {
		t.Errorf("%d variables", len(variables))
	}
	_, section, _ := strings.Cut(readFile(t, "deploy/README.md"), "\n## CDN workers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	page := readFile(t, "deploy/worker/README.md")
	for _, v := range variables {
		if !strings.Contains(section, "`"+v[1]+"`") || !strings.Contains(page, "| `"+v[1]+"` |") {
			t.Errorf("a page does not have the variable %s", v[1])
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines returns the lines of a file with single spaces and without comments.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " # ")
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return all
}

// firstBlock returns the lines of the first indented block of a Markdown text.
func firstBlock(text string) (block []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			block = append(block, strings.Join(strings.Fields(line), " "))
		} else if len(block) > 0 {
			return block
		}
	}
	return block
}
