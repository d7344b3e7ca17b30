package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The file is read by a parser of our own for the part of YAML 1.2 that a configuration needs:
// block and flow collections, and scalars of one line. Whatever else YAML has is refused by name,
// with its at: anchors, aliases, merge keys, tags, block scalars, directives, several documents.
// Each byte is looked at a bounded number of times and nesting is bounded, so that no file costs
// more than its size. A test compares what it reads with what a complete YAML parser reads.
const (
	maxSize    = 256 << 10 // bytes of a file
	maxNesting = 16        // collections inside one another: a configuration has 5
)

// parser reads a file from its start to its end.
type parser struct {
	data  []byte
	i     int // the next byte
	start int // where its line starts
}

// syntaxError is a mistake after which the rest of the file cannot be read.
type syntaxError struct {
	at      int // its offset in the file
	message string
}

// parse reads a file into its tree. An empty file has an empty root.
func parse(data []byte) (root *node, err *syntaxError) {
	p := &parser{data: data}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case *syntaxError:
			root, err = nil, cause
		default:
			panic(cause)
		}
	}()
	if len(data) > maxSize {
		p.fail(0, "the file has more than %d KiB, which no configuration needs", maxSize>>10)
	}
	p.checkText()
	p.toContent()
	if p.peek() == '%' && p.column() == 0 {
		p.fail(p.i, `starts with "%%", a directive of YAML: remove the line, or put a text into quotes`)
	}
	if p.marker("---") {
		p.i += len("---")
		p.endLine()
		p.toContent()
	}
	root = &node{}
	if !p.done() {
		root = p.block(0)
		p.toContent()
	}
	if p.marker("...") {
		p.i += len("...")
		p.endLine()
		p.toContent()
	}
	if p.marker("---") {
		p.fail(p.i, "a second YAML document starts here: a configuration is one document")
	}
	if p.i < len(p.data) {
		p.fail(p.i, "is indented unlike the lines before it, or continues a text: indent all members of a collection alike, and put a text into quotes on one line")
	}
	return root, nil
}

// fail ends parse with an error.
func (p *parser) fail(at int, format string, args ...any) {
	panic(&syntaxError{at, fmt.Sprintf(format, args...)})
}

// checkText refuses what is not text, before anything else looks at it.
func (p *parser) checkText() {
	for p.i < len(p.data) {
		c, size := utf8.DecodeRune(p.data[p.i:])
		switch {
		case c == utf8.RuneError && size == 1:
			p.fail(p.i, "is not UTF-8")
		case c == '\r' && p.i+1 < len(p.data) && p.data[p.i+1] == '\n':
		case c < ' ' && c != '\t' && c != '\n', 0x7F <= c && c < 0xA0, c == '\u2028', c == '\u2029', c == '\uFEFF':
			p.fail(p.i, "is a control character, U+%04X: remove it", c)
		}
		p.i += size
	}
	p.i = 0
}

// column is how many bytes of its line stand before the next byte.
func (p *parser) column() int { return p.i - p.start }

// peek returns the next byte, and a line feed at the end of the file.
func (p *parser) peek() byte { return p.peekAt(0) }

func (p *parser) peekAt(offset int) byte {
	if p.i+offset >= len(p.data) {
		return '\n'
	}
	return p.data[p.i+offset]
}

// isBreak reports whether c ends a word: a blank or the end of a line.
func isBreak(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// marker reports whether a document marker, "---" or "...", stands at the start of the line.
func (p *parser) marker(m string) bool {
	return p.column() == 0 && bytes.HasPrefix(p.data[p.i:], []byte(m)) && isBreak(p.peekAt(len(m)))
}

// done reports whether the document ends here.
func (p *parser) done() bool {
	return p.i >= len(p.data) || p.marker("---") || p.marker("...")
}

// blanks skips the blanks and the comment that may follow on a line.
func (p *parser) blanks() {
	before := p.i
	for p.peek() == ' ' {
		p.i++
	}
	p.noTab()
	if p.peek() == '#' && (p.i > before || p.i == p.start) {
		for p.peek() != '\n' {
			p.i++
		}
	}
	if p.peek() == '\r' {
		p.i++
	}
}

// toContent skips blanks, comments and empty lines.
func (p *parser) toContent() {
	for p.blanks(); p.i < len(p.data) && p.data[p.i] == '\n'; p.blanks() {
		p.i++
		p.start = p.i
	}
}

// endLine skips what may follow a value on its line, and refuses anything else.
func (p *parser) endLine() {
	if p.blanks(); p.peek() != '\n' {
		p.fail(p.i, "follows a value on its line: start a new line, or put a text into quotes")
	}
}

// entry reports whether an entry of a block sequence starts here.
func (p *parser) entry() bool { return p.peek() == '-' && isBreak(p.peekAt(1)) }

// block reads the block collection or the scalar that starts here and may go on over more lines.
func (p *parser) block(depth int) *node {
	p.checkNesting(depth)
	if p.entry() {
		return p.blockSequence(depth)
	}
	column, key := p.column(), p.value(depth, false)
	if !p.colon(false) {
		p.endLine()
		return key
	}
	return p.blockMapping(column, key, depth)
}

func (p *parser) checkNesting(depth int) {
	if depth >= maxNesting {
		p.fail(p.i, "is nested deeper than %d levels, which no configuration needs", maxNesting)
	}
}

// blockSequence reads "- a" lines.
func (p *parser) blockSequence(depth int) *node {
	n := &node{kind: sequence, at: p.i}
	for column := p.column(); ; {
		dash := p.i
		p.i++
		if p.toContent(); p.done() || p.column() <= column {
			p.fail(dash, `is a "-" without a value after it: write one, or remove the line`)
		}
		n.items = append(n.items, p.block(depth+1))
		p.toContent()
		if p.done() || p.column() != column || !p.entry() {
			return n
		}
	}
}

// blockMapping reads "key: value" lines. The first key was read already.
func (p *parser) blockMapping(column int, key *node, depth int) *node {
	n := &node{kind: mapping, at: key.at}
	for {
		p.checkKey(key)
		p.i++ // the colon
		n.pairs = append(n.pairs, pair{key, p.blockValue(column, depth)})
		p.toContent()
		if p.done() || p.column() != column || p.entry() {
			return n
		}
		key = p.value(depth, false)
		if !p.colon(false) {
			p.fail(key.at, `is no "name: value": put a ":" and a blank after the name`)
		}
	}
}

// blockValue reads the value of a member whose name starts at the column.
func (p *parser) blockValue(column, depth int) *node {
	p.blanks()
	if p.peek() != '\n' {
		if p.entry() {
			p.fail(p.i, "is a list that starts on the line of its name: start it on the next line")
		}
		value := p.value(depth+1, false)
		if p.colon(false) {
			p.fail(p.i, `is a second ":" on one line: put the text into quotes, or start a new line`)
		}
		p.endLine()
		return value
	}
	at := p.i
	p.toContent()
	if !p.done() && (p.column() > column || p.column() == column && p.entry()) {
		return p.block(depth + 1)
	}
	return &node{at: at}
}

// colon skips blanks before the colon that makes a name of what was read, and reports whether it is
// there. Inside brackets, where flow is true, nothing needs to follow the colon.
func (p *parser) colon(flow bool) bool {
	i := p.i
	for i < len(p.data) && p.data[i] == ' ' {
		i++
	}
	if i >= len(p.data) || p.data[i] != ':' || !flow && i+1 < len(p.data) && !isBreak(p.data[i+1]) {
		return false
	}
	p.i = i
	return true
}

// checkKey refuses what cannot be a name.
func (p *parser) checkKey(key *node) {
	switch {
	case key.kind != plain && key.kind != quoted:
		p.fail(key.at, "is a collection in the place of a name: a name is a single word")
	case key.kind == plain && (key.text[0] == '-' || key.text[0] == '?' || strings.Contains(key.text, ":")):
		p.fail(key.at, `is a name that starts with "-" or "?", or has a ":": put it into quotes`)
	case key.kind == plain && strings.Contains(key.text, "<<"):
		p.fail(key.at, `has a "<<", the merge key of YAML, which is not read: write the members out`)
	}
}
