package systemtest

import (
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeBlock is a block of code in a Markdown text: one between fences, or one of indented lines.
type codeBlock struct{ section, text string }

// codeBlocks returns all blocks of a Markdown text, in order.
func codeBlocks(text string) (all []codeBlock) {
	section, fenced, indented, blank := "", false, false, true
	for line := range strings.Lines(text) {
		isBlank := strings.TrimSpace(line) == ""
		switch last := len(all) - 1; {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			if fenced = !fenced; fenced {
				all = append(all, codeBlock{section: section})
			}
			indented = false
		case fenced:
			all[last].text += line
		case strings.HasPrefix(line, "    ") && (indented || blank):
			if !indented {
				all = append(all, codeBlock{section: section})
			}
			indented = true
			all[len(all)-1].text += line[4:]
		case !isBlank:
			indented = false
			if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
				section = strings.TrimSpace(title)
			}
		}
		blank = isBlank
	}
	return all
}

// Why a block has no test.
const (
	listing = "listing" // it has no command and no configuration
	absent  = "absent " // and the program, which the block names, that is not here
)

const (
	readmeTest   = "internal/systemtest/readme_test.go"
	drillTest    = "internal/systemtest/drill_linux_test.go"
	pagesTest    = "internal/systemtest/pages_test.go"
	promTest     = "internal/systemtest/alert_test.go"
	pastedTest   = "internal/systemtest/pasted_test.go"
	exampleTest  = "internal/config/example_test.go"
	benchTest    = "bench/readme_test.go"
	snippetTest  = "deploy/e2e/readme_test.go"
	unitTest     = "deploy/e2e/unitreadme_test.go"
	kubeTest     = "deploy/e2e/kubernetes/readme_test.go"
	envoyTest    = "deploy/envoy/readme_test.go"
	grafanaTest  = "deploy/e2e/grafana/readme_test.go"
	nginxTest    = "deploy/e2e/securelink/securelink_test.go"
	packagesTest = "deploy/e2e/packages/packages.test.js"
)

// pasted has, for each section of a page that has blocks of code, the file of the test that runs
// each of them, or why there is none.
var pasted = map[string][]string{
	"README.md: Try it": {readmeTest, readmeTest, readmeTest,
		readmeTest},
	"README.md: Configure it":                         {exampleTest},
	"README.md: Verify it at the edge":                {snippetTest, packagesTest, pagesTest},
	"bench/README.md: The bench":                      {pastedTest, benchTest},
	"bench/README.md: Files":                          {absent + "vegeta"},
	"bench/README.md: Beside others":                  {pastedTest},
	"bench/README.md: Where things are":               {listing},
	"docs/edges.md: Something does not play":          {pagesTest},
	"docs/operate.md: Alerts":                         {promTest},
	"docs/operate.md: Drills":                         {drillTest, drillTest},
	"docs/operate.md: Rotate a key":                   {drillTest, drillTest, drillTest},
	"docs/operate.md: A leaked key":                   {drillTest, drillTest},
	"docs/operate.md: A leaked link":                  {drillTest, drillTest, drillTest},
	"docs/operate.md: A leaked API key":               {drillTest, drillTest},
	"docs/operate.md: A leaked admin key":             {drillTest, drillTest},
	"docs/operate.md: A CDN is down":                  {drillTest, drillTest},
	"docs/operate.md: A site is moved over":           {drillTest, drillTest},
	"docs/operate.md: A bad release":                  {drillTest, drillTest},
	"docs/operate.md: A mistake in the configuration": {drillTest},
	"docs/operate.md: A wrong clock":                  {drillTest, drillTest, drillTest},
	"docs/operate.md: A full disk":                    {drillTest, drillTest},
	"docs/schemes.md: videotoken, videotoken-sha256":  {pagesTest},
	"docs/schemes.md: Cookies":                        {pagesTest},
	"docs/schemes.md: cloudfront":                     {pagesTest},
	"docs/schemes.md: google-media-cdn":               {pagesTest},
	"docs/schemes.md: akamai":                         {pagesTest},
	"docs/schemes.md: google-cloud-cdn":               {pagesTest},
	"docs/schemes.md: bunny":                          {pagesTest},
	"docs/schemes.md: secure-link":                    {pagesTest, nginxTest},
	"docs/schemes.md: cat":                            {pagesTest},
	"docs/DESIGN.md: 2. POST /video/token":            {listing},
	"docs/DESIGN.md: 3. Our token":                    {listing, listing},
	"docs/DESIGN.md: 8. Running it":                   {exampleTest},
	"docs/DESIGN.md: 9. The house":                    {listing},
	"deploy/README.md: Verifying at the edge":         {listing},
	"deploy/README.md: nginx":                         {snippetTest},
	"deploy/README.md: Caddy":                         {snippetTest},
	"deploy/README.md: HAProxy":                       {snippetTest},
	"deploy/README.md: Traefik":                       {pagesTest}, // that it is YAML
	"deploy/README.md: Envoy":                         {envoyTest, pagesTest, pagesTest},
	"deploy/README.md: ingress-nginx":                 {pagesTest},
	"deploy/README.md: CDN workers":                   {packagesTest},
	"deploy/README.md: systemd":                       {unitTest},
	"deploy/README.md: Container":                     {absent + "docker"}, // make image: TestImage
	"deploy/README.md: Health checks":                 {pagesTest},
	"deploy/README.md: Kubernetes":                    {kubeTest},
	"deploy/README.md: Grafana":                       {grafanaTest, promTest},
	"deploy/README.md: Running it":                    {pastedTest},

	"deploy/cloudfront-function/README.md: videotoken-cloudfront-function": {
		packagesTest, packagesTest, absent + "aws", packagesTest,
	},
	"deploy/player/README.md: videotoken-player": {
		packagesTest, packagesTest, packagesTest},
	"deploy/worker/README.md: videotoken-worker": {
		packagesTest},
	"deploy/worker/README.md: A worker": {
		packagesTest},
	"deploy/worker/README.md: A function": {
		packagesTest},
	"deploy/worker/README.md: Lambda@Edge": {
		packagesTest},
	"internal/server/testdata/wire/README.md: What clients send, and what must come back": {listing},
}

// programs are what a block that nobody runs must not name.
var programs = regexp.MustCompile(
	`(?m)^\W*(videotoken|make|go|git|curl|npm|node|sh|kubectl|docker|aws|gcloud|systemctl)\b`)

// TestPasted: each block of code of each page is run by a test, or has no command that can run
// here. A new block has to be named above, with its test.
func TestPasted(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "*.md")
	cmd.Dir = root
	list, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]codeBlock{}
	for page := range strings.FieldsSeq(string(list)) {
		for _, b := range codeBlocks(source(t, page)) {
			key := page + ": " + b.section
			found[key] = append(found[key], b)
		}
	}
	for key, blocks := range found {
		if len(blocks) != len(pasted[key]) {
			t.Errorf("%s: %d blocks of code, and %d are named in this test", key, len(blocks),
				len(pasted[key]))
			continue
		}
		page, _, _ := strings.Cut(key, ":")
		for i, by := range pasted[key] {
			switch program, isAbsent := strings.CutPrefix(by, absent); {
			case isAbsent && !strings.Contains("\n"+blocks[i].text, "\n"+program+" "):
				t.Errorf("%s: no command of %s:\n%s", key, program, blocks[i].text)
			case !isAbsent && by == listing && programs.MatchString(blocks[i].text):
				t.Errorf("%s: a command:\n%s", key, blocks[i].text)
			case !isAbsent && by != listing && by != pastedTest &&
				!strings.Contains(source(t, by), path.Base(page)):
				t.Errorf("%s: %s does not read the page", key, by)
			}
		}
	}
	for key := range pasted {
		if found[key] == nil {
			t.Errorf("%s: no block of code", key)
		}
	}
	tryMake(t, found)
}

// tryMake has make read, and not run, each of its commands in the blocks.
func tryMake(t *testing.T, found map[string][]codeBlock) {
	t.Helper()
	count := 0
	for key, blocks := range found {
		for _, b := range blocks {
			for _, line := range regexp.MustCompile(`(?m)^make ([^#&\n]*)`).FindAllStringSubmatch(b.text,
				-1) {
				count++
				words, _, _ := strings.Cut(line[1], "   ") // the comment after them
				cmd := exec.Command("sh", "-c", "make -n "+words)
				cmd.Dir = root
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: make %s: %v\n%s", key, words, err, out)
				}
			}
		}
	}
	if count < 12 {
		t.Errorf("%d commands of make", count)
	}
}

// invocation finds the command with its arguments.
var invocation = regexp.MustCompile("videotoken((?: +[^ `|>;&()\n]+)+)")

// TestFlags: what the pages show of the command has the flags that it has.
func TestFlags(t *testing.T) {
	help := map[string]string{"": ""}
	for _, name := range []string{
		"serve", "keygen", "sign", "verify", "check-playlist", "revoke", "healthcheck", "version",
	} {
		out, errs, _ := command(t, name, "-h")
		help[name] = out + errs
	}
	count := 0
	pages := append(slices.Clone(documents), "docs/operate.md", "docs/DESIGN.md")
	for _, page := range pages {
		for _, m := range invocation.FindAllStringSubmatch(source(t, page), -1) {
			words := strings.Fields(m[1])
			if help[words[0]] == "" {
				if words[0][0] != '-' {
					continue // prose
				}
				words = append([]string{"serve"}, words...)
			}
			for _, word := range words[1:] {
				if word[0] != '-' {
					continue
				}
				if count++; !regexp.MustCompile(`(?m)^ +` + word + `\b`).MatchString(help[words[0]]) {
					t.Errorf("%s: videotoken%s: %s has no %s", page, m[1], words[0], word)
				}
			}
		}
	}
	if count < 40 {
		t.Errorf("%d flags", count)
	}
}
