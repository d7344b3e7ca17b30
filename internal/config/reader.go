package config

import (
	"bytes"
	"cmp"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"videotoken/internal/scheme"
)

// reader turns the tree of a file into values. It collects mistakes instead of stopping at the
// first. Most of its methods take a node and the name of its field.
type reader struct {
	dir      string // of the file: the names of secret files are relative to it
	mistakes []Mistake
	more     int // mistakes after maxMistakes
	warnings []string
	secrets  map[string]string // the field where each secret stands first
	inline   bool              // a secret stands in the file itself
	files    []string          // that were read, or could not be
	sum      hash.Hash         // of their content

	cookieCDN  string             // the name of a CDN with cookies
	signatures *scheme.Signatures // of the CDNs' private keys
}

// note notes the content of a file.
func (r *reader) note(name string, f file) {
	fmt.Fprintf(r.sum, "%d:%s%d:%s", len(name), name, len(f.data), f.data)
}

// maxMistakes bounds how many mistakes are reported. A file with more is probably no configuration.
const maxMistakes = 100

// read reads a whole file.
func (r *reader) read(data []byte) *Config {
	root := r.root(data)
	if root == nil {
		return nil
	}
	return r.config(root)
}

// root reads a file into its tree, nil if that is no YAML.
func (r *reader) root(data []byte) *node {
	root, err := parse(bytes.TrimPrefix(data, []byte("\uFEFF")))
	if err != nil {
		r.fail(&node{place: err.place}, "", "%s", err.message)
		return nil
	}
	return root
}

// fail reports a mistake at a node, or of a field that is missing if n is nil. A node among args is
// printed as its line.
func (r *reader) fail(n *node, field, format string, args ...any) {
	if len(r.mistakes) == maxMistakes {
		r.more++
		return
	}
	for i, arg := range args {
		if other, ok := arg.(*node); ok {
			args[i] = other.line
		}
	}
	m := Mistake{Field: field, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		m.Line, m.Column = n.line, n.column
	}
	r.mistakes = append(r.mistakes, m)
}

// err returns the mistakes in the order of the file, nil if there are none.
func (r *reader) err(file string) error {
	if len(r.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
		if (a.Line == 0) != (b.Line == 0) { // what is missing comes last
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if r.more > 0 {
		r.mistakes = append(r.mistakes, Mistake{Message: fmt.Sprintf("%d more mistakes", r.more)})
	}
	return &Mistakes{File: file, List: r.mistakes, Files: r.files}
}

var fieldName = regexp.MustCompile(`^[a-z_]{1,24}$`)

// mapping reads each member, and reports those that are unknown and those that are missing.
func (r *reader) mapping(n *node, field string, known fields) {
	if n.kind != mapping {
		r.fail(n, field, "must be a mapping of %s", known)
	}
	within := field
	if field != "" {
		within += "."
	}
	first := map[string]*node{}
	for _, p := range n.pairs {
		name := p.key.text
		m := known.lookup(name)
		if m == nil && !fieldName.MatchString(name) {
			name = "(not shown)" // it may be a secret in the wrong place
		}
		switch {
		case first[p.key.text] != nil:
			r.fail(p.key, within+name, "is there twice, first on line %v: remove one",
				first[p.key.text])
			continue
		case m == nil:
			r.fail(p.key, within+name, "unknown field: expected one of %s", known)
		case p.value.isNull():
			r.fail(p.key, within+name, "has no value: give it one or remove the line")
		default:
			m.read(r, p.value, within+name)
		}
		first[p.key.text] = p.key
	}
	at := n
	if field == "" {
		at = nil // of the whole file
	} else if n.kind != mapping {
		return
	}
	for _, m := range known {
		if m.missing != "" && first[m.name] == nil {
			r.fail(at, within+m.name, "is missing: %s", m.missing)
		}
	}
}

// list calls read for each element of a list, whose length is in a range if most is not 0.
func (r *reader) list(n *node, field string, least, most int, read func(n *node, field string)) {
	switch count := len(n.items); {
	case n.kind != sequence:
		r.fail(n, field, "must be a list")
	case most > 0 && (count < least || count > most):
		r.fail(n, field, "must have %d to %d elements: it has %d", least, most, count)
	default:
		for i, item := range n.items {
			read(item, field+"["+strconv.Itoa(i)+"]")
		}
	}
}

// text returns the value of a string. It reports anything else as a mistake, and returns false.
func (r *reader) text(n *node, field string) (string, bool) {
	if n.isString() {
		return n.text, true
	}
	r.fail(n, field, "must be a string: put it into quotes")
	return "", false
}

// boolean returns the value of true or false.
func (r *reader) boolean(n *node, field string) bool {
	if n.kind != plain || n.text != "true" && n.text != "false" {
		r.fail(n, field, "must be true or false")
	}
	return n.text == "true"
}

// number returns the value of a whole number in a range.
func (r *reader) number(n *node, field string, least, most int64) (int64, bool) {
	if n.kind == plain && isDigits(n.text) {
		if v, err := strconv.ParseInt(n.text, 10, 64); err == nil && least <= v && v <= most {
			return v, true
		}
	}
	r.fail(n, field, "must be a whole number from %d to %d", least, most)
	return 0, false
}

// size returns a number of bytes in a range. also is what else may stand there, as in "auto or ".
func (r *reader) size(n *node, field string, least, most int64, also string) (int64, bool) {
	text := n.text
	unit := int64(1)
	for _, u := range units {
		if digits, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = digits, u.bytes
			break
		}
	}
	if (n.kind == plain || n.kind == quoted) && isDigits(text) {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil && v <= most/unit &&
			least <= v*unit {
			return v * unit, true
		}
	}
	r.fail(n, field, "must be %sa size from %s to %s, such as 64KiB or 512MiB", also,
		formatSize(least), formatSize(most))
	return 0, false
}

// units are the units of sizes, the largest first.
var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func formatSize(n int64) string {
	for _, u := range units {
		if n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// duration returns the value of a duration of whole seconds in a range.
func (r *reader) duration(n *node, field string, least, most time.Duration) (time.Duration, bool) {
	if n.isString() {
		if d, err := time.ParseDuration(n.text); err == nil && least <= d && d <= most &&
			d%time.Second == 0 {
			return d, true
		}
	}
	r.fail(n, field, "must be a duration of whole seconds from %v to %v, such as 90s, 5m or 6h",
		least, most)
	return 0, false
}

// choice returns the value of a string that is one of several.
func (r *reader) choice(n *node, field string, choices ...string) (string, bool) {
	if n.isString() && slices.Contains(choices, n.text) {
		return n.text, true
	}
	last := len(choices) - 1
	r.fail(n, field, "must be %s or %s", strings.Join(choices[:last], ", "), choices[last])
	return "", false
}
