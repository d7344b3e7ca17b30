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
	{"a:\n  - b\n  - c: d\n    e: f\n  - # comment\n    g: h\n", "{<a>:[<b> {<c>:<d> <e>:<f>} {<g>:<h>}]}"},
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
	{"a: 'it''s # no: comment'\nb: \"\\\"\\\\\\/\\t\\n\\r\\x41\\u00e9\\U0001F600\\ '\"", `{<a>:"it's # no: comment" <b>:"\"\\/\t\n\rAé😀 '"}`},
	{"\"a: b\": 'c'", `{"a: b":"c"}`},
	{"é: ü", "{<é>:<ü>}"},
	{"a: b # tab\there", "{<a>:<b>}"},
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
		{"origins: [*]", 1, 11, `"*", an alias`},
		{"a:\n  <<: b", 2, 3, `"<<", the merge key`},
		{"{<<: *a}", 1, 2, `"<<", the merge key`},
		{"a: !!str b", 1, 4, `"!", a tag`},
		{"!a\nb: c", 1, 1, `"!", a tag`},
		{"a: |\n  b", 1, 4, `"|", a block scalar`},
		{"a: >-\n  b", 1, 4, `">", a block scalar`},
		{"%YAML 1.2\n---\na: b", 1, 1, "a directive"},
		{"a: %b", 1, 4, `starts with "%"`},
		{"a: @b", 1, 4, `starts with "@"`},
		{"a: `b`", 1, 4, "starts with a backtick"},
		{"a: b\n---\nc: d", 2, 1, "a second YAML document"},
		{"--- a", 1, 5, "follows a value"},
		{"a: b\n...\nc: d", 3, 1, "indented unlike"},
		{"? a\n: b", 1, 1, `is a '?'`},
		{"a:\n-\n- b", 2, 1, `"-" without a value`},
		{"- a\n-\n", 2, 1, `"-" without a value`},
		{"a: - b", 1, 4, "a list that starts on the line of its name"},
		{"a: b: c", 1, 5, `a second ":" on one line`},
		{"a: 'b': c", 1, 7, `a second ":" on one line`},
		{"a: b\n  c", 2, 3, "continues a text"},
		{"a: b\n c: d", 2, 2, "indented unlike"},
		{"  a: b\nc: d", 2, 1, "indented unlike"},
		{"a:\n    b: c\n  d: e", 3, 3, "indented unlike"},
		{"a: b\n- c", 2, 1, "indented unlike"},
		{"- a\nb: c", 2, 1, "indented unlike"},
		{"a: b\nc", 2, 1, `is no "name: value"`},
		{"a: \"b\n  c\"", 1, 4, "a quote that does not end"},
		{"a: 'b", 1, 4, "a quote that does not end"},
		{"a: \"b\\", 1, 6, "an escape that is not read"},
		{`a: "\q"`, 1, 5, "an escape that is not read"},
		{`a: "\ud83d\ude00"`, 1, 5, "an escape that is not read"},
		{`a: "\x4"`, 1, 5, "an escape that is not read"},
		{`a: "\U00110000"`, 1, 5, "an escape that is not read"},
		{`a: "b" c`, 1, 8, "follows a value"},
		{"a: [b] c", 1, 8, "follows a value"},
		{"a: [b", 1, 4, "a bracket that is not closed"},
		{"a: {b: c\n---\n}", 1, 4, "a bracket that is not closed"},
		{"a: [b}", 1, 6, `expected "," or ']'`},
		{"a: [b\n  c]", 2, 3, `expected "," or ']'`},
		{"a: [b: c]", 1, 6, `a ":" in a list`},
		{"a: [b,,c]", 1, 7, `"," where a value is expected`},
		{"a: ]", 1, 4, `"]" where a value is expected`},
		{"{a: b}: c", 1, 1, "a collection in the place of a name"},
		{"[a]: b", 1, 1, "a collection in the place of a name"},
		{"...a", 1, 1, "put a text into quotes"},
		{"a: b\n---c: d", 2, 1, "put a text into quotes"},
		{"-a: b", 1, 1, `a name that starts with "-"`},
		{"{a:b: c}", 1, 2, `has a ":"`},
		{"{[a]: b}", 1, 2, "a collection in the place of a name"},
		{"{a, b: c}", 1, 2, "a name without a value"},
		{"{a:b}", 1, 2, "a name without a value"},
		{"{a:[b]}", 1, 2, "a name without a value"},
		{"{a\n: b}", 2, 1, "another line than its name"},
		{"a:\n\tb: c", 2, 1, "is a tab"},
		{"a:\tb", 1, 3, "is a tab"},
		{"-\ta", 1, 2, "is a tab"},
		{"a: b\tc", 1, 5, "is a tab"},
		{"a: \"b\tc\"", 1, 6, "is a tab"},
		{"a: 'b\tc'", 1, 6, "is a tab"},
		{"a: [#b]", 1, 5, "a comment without a blank"},
		{"a: b\rc: d", 1, 5, "a control character, U+000D"},
		{"a: b\x00", 1, 5, "a control character, U+0000"},
		{"é: \u0085", 1, 4, "a control character, U+0085"},
		{"\uFEFF\uFEFFa: b", 1, 1, "a control character, U+FEFF"},
		{"ééé: \xff", 1, 6, "not UTF-8"},
		{strings.Repeat("- ", 17) + "a", 1, 33, "nested deeper than 16"},
		{strings.Repeat("[", 17), 1, 17, "nested deeper than 16"},
		{strings.Repeat("{a: ", 17), 1, 65, "nested deeper than 16"},
		{staircase(17), 17, 17, "nested deeper than 16"},
	} {
		r := &reader{}
		r.read([]byte(c.yaml))
		if len(r.mistakes) == 0 {
			t.Errorf("%q: accepted", c.yaml)
			continue
		}
		if m := r.mistakes[0]; m.Line != c.line || m.Column != c.column || !strings.Contains(m.Message, c.message) || m.Field != "" {
			t.Errorf("%q: got %v; want line %d, column %d, %q", c.yaml, m, c.line, c.column, c.message)
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
	for _, s := range []string{"a", "10.0.0.0/8", "::1", "-a", "1.2.3.4", ".", "-", "6h", "0x", "yes", "on", "nullable", "2001:db8::1", ":3002"} {
		if n := (&node{kind: plain, text: s}); !n.isString() {
			t.Errorf("%s is no string", s)
		}
	}
	for _, s := range []string{"1", "-1", "+1", "1.5", "1.", ".5", "1e5", "1E-5", "0x1F", "0o17", "1_000", "1e999", "99999999999999999999", "true", "False", "NULL", "~", ".inf", "-.INF", ".nan"} {
		if n := (&node{kind: plain, text: s}); n.isString() {
			t.Errorf("%s is a string", s)
		}
		if n := (&node{kind: quoted, text: s}); !n.isString() {
			t.Errorf("%q is no string", s)
		}
	}
}
