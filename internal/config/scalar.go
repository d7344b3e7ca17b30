package config

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// value reads a scalar or a collection in brackets; flow is true inside brackets.
func (p *parser) value(depth int, flow bool) *node {
	if message := refused[p.peek()]; message != "" {
		p.fail(p.i, "%s", message)
	}
	switch p.peek() {
	case '[':
		return p.flowSequence(depth)
	case '{':
		return p.flowMapping(depth)
	case '"':
		return p.doubleQuoted()
	case '\'':
		return p.singleQuoted()
	}
	return p.plainScalar(flow)
}

// refused says what is wrong with a value that starts with a character of YAML's own.
var refused = map[byte]string{
	'&': `starts with "&", an anchor of YAML, which is not read: write the value out where it is needed, or put a text into quotes`,
	'*': `starts with "*", an alias of YAML, which is not read: write the value out, or put a text into quotes`,
	'!': `starts with "!", a tag of YAML, which is not read: remove it, or put a text into quotes`,
	'|': `starts with "|", a block scalar of YAML, which is not read: put the text into quotes on one line`,
	'>': `starts with ">", a block scalar of YAML, which is not read: put the text into quotes on one line`,
	'%': `starts with "%": put the text into quotes`,
	'@': `starts with "@": put the text into quotes`,
	'`': "starts with a backtick: put the text into quotes",
	',': `is a "," where a value is expected`,
	']': `is a "]" where a value is expected`,
	'}': `is a "}" where a value is expected`,
	'#': `is a comment without a blank before it: add the blank, or put a text into quotes`,
}

// plainScalar reads a scalar without quotes, up to a comment, a name's colon, or the end of the line.
func (p *parser) plainScalar(flow bool) *node {
	n := &node{kind: plain, at: p.i}
	if c := p.peek(); c == '?' || c == '-' || c == ':' {
		if next := p.peekAt(1); isBreak(next) || flow && isFlowIndicator(next) {
			p.fail(p.i, `is a %q where a value is expected: put a text into quotes`, c)
		}
	}
	if marker := p.data[p.i:min(p.i+3, len(p.data))]; p.column() == 0 && (string(marker) == "---" || string(marker) == "...") {
		p.fail(p.i, "starts like the %q between documents: put a text into quotes", marker)
	}
	start := p.i
scan:
	for ; p.i < len(p.data); p.i++ {
		switch c := p.data[p.i]; {
		case c == '\n' || c == '\r' && p.peekAt(1) == '\n':
			break scan
		case c == ':' && (isBreak(p.peekAt(1)) || flow && isFlowIndicator(p.peekAt(1))):
			break scan
		case c == '#' && p.i > start && isBreak(p.data[p.i-1]):
			break scan
		case flow && isFlowIndicator(c):
			break scan
		}
		p.noTab()
	}
	text := bytes.TrimRight(p.data[start:p.i], " ")
	p.i = start + len(text)
	n.text = string(text)
	return n
}

// noTab refuses a tab, of which editors show a space.
func (p *parser) noTab() {
	if p.peek() == '\t' {
		p.fail(p.i, `is a tab: use spaces, or \t in double quotes`)
	}
}

func isFlowIndicator(c byte) bool {
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'
}

const unended = "is a quote that does not end on its line: end it, or write the text on one line"

// singleQuoted reads a scalar in single quotes, in which two quotes stand for one.
func (p *parser) singleQuoted() *node {
	n := &node{kind: quoted, at: p.i}
	var text []byte
	for p.i++; p.peek() != '\n'; p.i++ {
		p.noTab()
		if p.data[p.i] == '\'' {
			if p.peekAt(1) != '\'' {
				p.i++
				n.text = string(text)
				return n
			}
			p.i++
		}
		text = append(text, p.data[p.i])
	}
	p.fail(n.at, unended)
	return nil
}

// escapes are the characters that stand for others after a backslash. What YAML has besides nobody needs here.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 't': '\t', 'n': '\n', 'r': '\r', ' ': ' '}

// digits are how many hexadecimal digits follow a backslash and a letter.
var digits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// doubleQuoted reads a scalar in double quotes.
func (p *parser) doubleQuoted() *node {
	n := &node{kind: quoted, at: p.i}
	var text []byte
	for p.i++; p.peek() != '\n'; p.i++ {
		p.noTab()
		switch c := p.data[p.i]; c {
		case '"':
			p.i++
			n.text = string(text)
			return n
		case '\\':
			text = p.escape(text)
		default:
			text = append(text, c)
		}
	}
	p.fail(n.at, unended)
	return nil
}

// escape appends the character for which an escape stands, and goes to its last byte.
func (p *parser) escape(text []byte) []byte {
	at := p.i
	p.i++
	c := p.peek()
	if short, ok := escapes[c]; ok {
		return append(text, short)
	}
	if n := digits[c]; n > 0 && p.i+n < len(p.data) {
		r, err := strconv.ParseUint(string(p.data[p.i+1:p.i+1+n]), 16, 32)
		if err == nil && utf8.ValidRune(rune(r)) {
			p.i += n
			return utf8.AppendRune(text, rune(r))
		}
	}
	p.fail(at, `is an escape that is not read: write \" \\ \/ \n \r \t \xXX \uXXXX or \UXXXXXXXX, or use single quotes`)
	return nil
}
