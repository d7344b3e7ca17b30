package config

// flowSequence reads "[a, b]".
func (p *parser) flowSequence(depth int) *node {
	p.checkNesting(depth)
	n := &node{kind: sequence, at: p.i}
	p.i++
	for p.flowContent(n); p.peek() != ']'; p.flowContent(n) {
		item := p.value(depth+1, true)
		p.flowContent(n)
		if p.colon(true) {
			p.fail(p.i, `is a ":" in a list: put the members of a mapping into "{" and "}", or a text into quotes`)
		}
		n.items = append(n.items, item)
		p.comma(']')
	}
	p.i++
	return n
}

// flowMapping reads "{a: b, c: d}".
func (p *parser) flowMapping(depth int) *node {
	p.checkNesting(depth)
	n := &node{kind: mapping, at: p.i}
	p.i++
	for p.flowContent(n); p.peek() != '}'; p.flowContent(n) {
		line, key := p.start, p.value(depth+1, true)
		p.flowContent(n)
		if !p.colon(key.kind == quoted) { // JSON needs no blank after the colon
			p.fail(key.at, `is a name without a value: write "name: value", with a blank after the ":"`)
		}
		p.checkKey(key)
		if p.start != line {
			p.fail(p.i, `is a ":" on another line than its name: write both on one line`)
		}
		p.i++
		p.flowContent(n)
		value := &node{at: p.i}
		if p.peek() != ',' && p.peek() != '}' {
			value = p.value(depth+1, true)
			p.flowContent(n)
		}
		n.pairs = append(n.pairs, pair{key, value})
		p.comma('}')
	}
	p.i++
	return n
}

// flowContent skips to the next content inside of the brackets of n, which must be closed before
// the document ends.
func (p *parser) flowContent(n *node) {
	if p.toContent(); p.done() {
		p.fail(n.at, "is a bracket that is not closed")
	}
}

// comma skips the comma after an element, which may be left out before the closing bracket.
func (p *parser) comma(closing byte) {
	switch p.peek() {
	case ',':
		p.i++
	case closing:
	default:
		p.fail(p.i, `follows an element: expected "," or %q`, closing)
	}
}
