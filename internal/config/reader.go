package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// reader goes over a YAML syntax tree and collects mistakes instead of stopping at the first. Its methods take a
// node and the name of its field.
type reader struct {
	dir      string
	mistakes []Mistake
	warnings []string
}

func (r *reader) fail(n ast.Node, field, format string, args ...any) {
	m := Mistake{Field: field, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p := n.GetToken().Position
		m.Line, m.Column = p.Line, p.Column
	}
	r.mistakes = append(r.mistakes, m)
}

func (r *reader) sorted() []Mistake {
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
		if (a.Line == 0) != (b.Line == 0) { // what is missing comes last
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.mistakes
}

// root parses the file into its only document's node, nil where there is none.
func (r *reader) root(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !sane(data) {
		r.fail(nil, "", "more than %d KiB, or nested deeper than %d: not a configuration", maxSize>>10, maxNesting)
		return nil
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) {
			p := y.GetToken().Position
			// What the parser quotes may be a part of a secret.
			message := quoted.ReplaceAllString(y.GetMessage(), `"..."`)
			r.mistakes = append(r.mistakes, Mistake{Line: p.Line, Column: p.Column, Message: "not valid YAML: " + message})
		} else {
			r.fail(nil, "", "not valid YAML")
		}
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			r.fail(doc.Body, "", "a second YAML document: the configuration is one")
			break
		}
		root = doc.Body
	}
	return root
}

var quoted = regexp.MustCompile("\"[^\"]*\"|'[^']*'|`[^`]*`")

const (
	maxSize    = 256 << 10
	maxNesting = 32
)

// sane reports whether a file is one that the parser, which takes its time over deep nesting, may see.
func sane(data []byte) bool {
	depth, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return len(data) <= maxSize && deepest <= maxNesting
}

// fields are the members of a mapping by name.
type fields map[string]func(n ast.Node, field string)

var fieldName = regexp.MustCompile(`^[a-z_]{1,24}$`)

// mapping calls the reader of each member and reports the members that have none.
func (r *reader) mapping(n ast.Node, field string, known fields) {
	var members []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		members = n.Values
	case *ast.MappingValueNode:
		members = []*ast.MappingValueNode{n}
	default:
		r.fail(n, field, "must be a mapping of %s", known)
		return
	}
	lines := map[string]int{}
	for _, m := range members {
		name := m.Key.GetToken().Value
		if known[name] == nil && !fieldName.MatchString(name) {
			name = "(not shown)" // it may be a secret in the wrong place
		}
		full := name
		if field != "" {
			full = field + "." + name
		}
		read, line := known[name], lines[name]
		lines[name] = m.Key.GetToken().Position.Line
		switch {
		case line != 0:
			r.fail(m.Key, full, "is there twice, first on line %d: remove one", line)
		case read == nil:
			r.fail(m.Key, full, "unknown field: expected one of %s", known)
		case m.Value == nil || m.Value.Type() == ast.NullType:
			r.fail(m.Key, full, "has no value: give it one or remove the line")
		default:
			read(m.Value, full)
		}
	}
}

func (f fields) String() string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// list calls read for each element of a sequence and returns how many there are.
func (r *reader) list(n ast.Node, field string, read func(n ast.Node, field string)) int {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(n, field, "must be a list")
		return 0
	}
	for i, v := range s.Values {
		read(v, field+"["+strconv.Itoa(i)+"]")
	}
	return len(s.Values)
}

// text is the value of a string; it reports false, and the mistake, for anything else.
func (r *reader) text(n ast.Node, field string) (string, bool) {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value, true
	}
	r.fail(n, field, "must be a string: put it in quotes")
	return "", false
}

// number is the value of a whole number in a range.
func (r *reader) number(n ast.Node, field string, least, most uint64) (uint64, bool) {
	if i, ok := n.(*ast.IntegerNode); ok {
		if v, ok := i.Value.(uint64); ok && least <= v && v <= most {
			return v, true
		}
	}
	r.fail(n, field, "must be a whole number from %d to %d", least, most)
	return 0, false
}

// duration is the value of a duration of whole seconds.
func (r *reader) duration(n ast.Node, field string, least, most time.Duration) (time.Duration, bool) {
	if s, ok := n.(*ast.StringNode); ok {
		if d, err := time.ParseDuration(s.Value); err == nil && least <= d && d <= most && d%time.Second == 0 {
			return d, true
		}
	}
	r.fail(n, field, "must be a duration of whole seconds from %v to %v, such as 90s, 5m or 6h", least, most)
	return 0, false
}

// choice is the value of a string that is one of several.
func (r *reader) choice(n ast.Node, field string, choices ...string) (string, bool) {
	if s, ok := n.(*ast.StringNode); ok && slices.Contains(choices, s.Value) {
		return s.Value, true
	}
	r.fail(n, field, "must be %s", strings.Join(choices[:len(choices)-1], ", ")+" or "+choices[len(choices)-1])
	return "", false
}
