package systemtest

import (
	"fmt"
	"regexp"
	"strings"
)

// transcript is what a page shows of a terminal.
type transcript struct{ script, want string }

// read reads a console block: each command is printed before what it prints.
func (t *transcript) read(block string) {
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			quoted := strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "'", `'\''`)
			t.script += fmt.Sprintf("echo; printf '%%s\\n' '%s'\n%s", quoted, command)
		}
		t.want += line
	}
}

// matches reports whether an output is what is wanted, in which "..." stands for anything within
// a line. Blank lines, and spaces around a line, do not count.
func (t *transcript) matches(output string) bool {
	tidy := func(s string) string {
		return strings.TrimSpace(regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(s, "\n"))
	}
	var pattern strings.Builder
	for i, line := range strings.Split(tidy(t.want), "\n") {
		if i > 0 {
			pattern.WriteString("\n")
		}
		quoted := regexp.QuoteMeta(line)
		if !strings.HasPrefix(line, "$ ") {
			quoted = strings.ReplaceAll(quoted, `\.\.\.`, ".+")
		}
		pattern.WriteString(quoted)
	}
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(tidy(output))
}
