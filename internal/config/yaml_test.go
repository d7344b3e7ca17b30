package config

import (
	"fmt"
	"strings"
	"testing"
)

// String is the tree in a notation of one line: scalars as they are, strings in quotes, "-" for
// nothing.
func (n *node) String() string {
	var b strings.Builder
	n.print(&b)
	return b.String()
}

func (n *node) print(b *strings.Builder) {
	switch n.kind {
	case empty:
		b.WriteByte('-')
	case plain:
		b.WriteString("<" + n.text + ">")
	case quoted:
		fmt.Fprintf(b, "%q", n.text)
	case sequence:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(' ')
			}
			item.print(b)
		}
		b.WriteByte(']')
	case mapping:
		b.WriteByte('{')
		for i, m := range n.pairs {
			if i > 0 {
				b.WriteByte(' ')
			}
			m.key.print(b)
			b.WriteByte(':')
			m.value.print(b)
		}
		b.WriteByte('}')
	}
}

// readable are files and their trees.
var readable = []struct{ yaml, tree string }{
	{"", "-"},
	{"# a\n\n  # b\n", "-"},
	{"\n---\n...\n", "-"},
	{"a", "<a>"},
	{"a: b", "{<a>:<b>}"},
	{"a: b\nc: d\n", "{<a>:<b> <c>:<d>}"},
	{"a: b\r\nc: d\r\n", "{<a>:<b> <c>:<d>}"},
	{"--- # start\na: b\n... # end\n# after\n", "{<a>:<b>}"},
	{"a : b", "{<a>:<b>}"},
	{"a:\nb: ~\nc: null\n", "{<a>:- <b>:<~> <c>:<null>}"},
	{"a:\n  b: c\n  d:\n    e: f\ng: h", "{<a>:{<b>:<c> <d>:{<e>:<f>}} <g>:<h>}"},
	{"a:   # comment\n\n  # comment\n  b: c # comment", "{<a>:{<b>:<c>}}"},
	{"a:\n- b\n- c\nd: e", "{<a>:[<b> <c>] <d>:<e>}"},
	{"a:\n  - b\n  - c: d\n    e: f\n  - # comment\n    g: h\n",
		"{<a>:[<b> {<c>:<d> <e>:<f>} {<g>:<h>}]}"},
	{"- - a\n  - b\n- c", "[[<a> <b>] <c>]"},
	{"-   a: b\n    c: d", "[{<a>:<b> <c>:<d>}]"},
	{"a:\n  b", "{<a>:<b>}"},
	{"a: [b, c]", "{<a>:[<b> <c>]}"},
	{"a: [b, c,]\nd: []\ne: {}", "{<a>:[<b> <c>] <d>:[] <e>:{}}"},
	{"a: [\n  b, # comment\n  {c: d},\n]\ne: f", "{<a>:[<b> {<c>:<d>}] <e>:<f>}"},
	{"{a: b, \"c\":d, 'e': f, g: , h: }", "{<a>:<b> \"c\":<d> \"e\":<f> <g>:- <h>:-}"},
	{"{a: [{b: c}]}", "{<a>:[{<b>:<c>}]}"},
	{`{"a":"b","c":[1,2,{"d":null}]}`, `{"a":"b" "c":[<1> <2> {"d":<null>}]}`},
	{"listen: :3002", "{<listen>:<:3002>}"},
	{"{listen: :3002, url: https://a.example/b}", "{<listen>:<:3002> <url>:<https://a.example/b>}"},
	{"url: https://a.example/b?c=d&e#f", "{<url>:<https://a.example/b?c=d&e#f>}"},
	{"a: b c  # d", "{<a>:<b c>}"},
	{"a: b#c", "{<a>:<b#c>}"},
	{"a: -b\nc: ?d\ne: [-1, ?x, :y]", "{<a>:<-b> <c>:<?d> <e>:[<-1> <?x> <:y>]}"},
	{"a: b, c] d}", "{<a>:<b, c] d}>}"},
	{"a: it's \"b\"", "{<a>:<it's \"b\">}"},
	{"a: 'it''s # no: comment'\nb: \"\\\"\\\\\\/\\t\\n\\r\\x41\\u00e9\\U0001F600\\ '\"",
		`{<a>:"it's # no: comment" <b>:"\"\\/\t\n\rAé😀 '"}`},
	{"\"a: b\": 'c'", `{"a: b":"c"}`},
	{"é: ü", "{<é>:<ü>}"},
	{"a: b # tab\there", "{<a>:<b>}"},
	{"a: |\n  b\n  c\n", `{<a>:"b\nc\n"}`},
	{"a: b\n  c\n", "{<a>:<b c>}"},
	{"a:\n  - b\n\n\n  - c\n\n\n", "{<a>:[<b> <c>]}"},
}

func TestYAML(t *testing.T) {
	for _, c := range readable {
		root, err := parse([]byte(c.yaml))
		if err != nil || root.String() != c.tree {
			t.Errorf("%q: got %v, %v; want %s", c.yaml, root, err, c.tree)
		}
	}
}

// TestYAMLRefused: everything else is refused, with its place, and what it is.
func TestYAMLRefused(t *testing.T) {
	for _, c := range []struct {
		yaml         string
		line, column int
		message      string // a part
	}{
		{"a: &b c", 1, 4, `"&", an anchor`},
		{"&a b: c", 1, 1, `"&", an anchor`},
		{"a: [b, &c d]", 1, 8, `"&", an anchor`},
		{"a: b\nc: *d", 2, 4, `"*", an alias`},
		{"origins: [*]", 1, 12, `"*", an alias`},
		{"a:\n  <<: b", 2, 3, `"<<", the merge key`},
		{"a: !!str b", 1, 4, `"!", a tag`},
		{"!a\nb: c", 1, 1, `"!", a tag`},
		{"a: @b", 1, 4, "cannot start any token while scanning for the next token"},
		{"a: b\n---\nc: d", 2, 1, "a second YAML document"},
		{"a: b\n...\nc: d", 3, 1, "a second YAML document"},
		{"a: - b", 1, 4, "block sequence entries are not allowed"},
		{"a: b: c", 1, 5, "mapping values are not allowed"},
		{"a: b\n c: d", 2, 3, "mapping values are not allowed"},
		{"a:\n    b: c\n  d: e", 3, 3, "indent the members of a collection alike"},
		{"a: b\n- c", 2, 1, "while parsing a block mapping that starts on line 1, column 1"},
		{"a: 'b", 1, 6,
			"unexpected end of stream while scanning a quoted scalar that starts on line 1, column 4"},
		{`a: "\q"`, 1, 5, "unknown escape character"},
		{`a: "b" c`, 1, 8, "put texts into quotes"},
		{"a: [b", 2, 1, "while parsing a flow sequence that starts on line 1, column 4"},
		{"a: [b,,c]", 1, 7, "did not find expected node content"},
		{"{a: b}: c", 1, 1, "a collection in the place of a name"},
		{"{[a]: b}", 1, 2, "a collection in the place of a name"},
		{"a:\n\tb: c", 2, 1, "is a tab"},
		{"a: [#b]", 1, 5, "a comment without preceding whitespace"},
		{"a: b\x00", 1, 1, "control characters are not allowed"},
		{"ééé: \xff", 1, 6, "not UTF-8"},
		{strings.Repeat("- ", 17) + "a", 1, 33, "nested deeper than 16"},
		{strings.Repeat("[", 17), 1, 17, "nested deeper than 16"},
		{strings.Repeat("{a: ", 17), 1, 65, "nested deeper than 16"},
		{staircase(17), 17, 18, "nested deeper than 16"},
	} {
		root, err := parse([]byte(c.yaml))
		if err == nil {
			t.Errorf("%q: accepted as %s", c.yaml, root)
		} else if err.line != c.line || err.column != c.column ||
			!strings.Contains(err.message, c.message) {
			t.Errorf("%q: got line %d, column %d, %s; want line %d, column %d, %q", c.yaml, err.line,
				err.column, err.message, c.line, c.column, c.message)
		}
	}
}

// staircase is a mapping of the given depth, each level of which is indented by one space more.
func staircase(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// TestIsString: what YAML does not read as a string needs quotes, so that no two programs read one
// file in two ways.
func TestIsString(t *testing.T) {
	for _, s := range []string{"a", "10.0.0.0/8", "::1", "-a", "1.2.3.4", ".", "-", "6h", "0x", "yes",
		"on", "nullable", "2001:db8::1", ":3002"} {
		if n := (&node{kind: plain, text: s}); !n.isString() {
			t.Errorf("%s is no string", s)
		}
	}
	for _, s := range []string{"1", "-1", "+1", "1.5", "1.", ".5", "1e5", "1E-5", "0x1F", "0o17",
		"1_000", "1e999", "99999999999999999999", "true", "False", "NULL", "~", ".inf", "-.INF", ".nan"} {
		if n := (&node{kind: plain, text: s}); n.isString() {
			t.Errorf("%s is a string", s)
		}
		if n := (&node{kind: quoted, text: s}); !n.isString() {
			t.Errorf("%q is no string", s)
		}
	}
}
