package video

import "bytes"

// walker goes over the values of a JSON text (RFC 8259) and checks on the way that it is I-JSON (RFC 7493): valid
// UTF-8, no lone surrogates, no name twice in an object. What it does not know to be plain it only marks, with bad:
// text that is not JSON, and also objects of more than maxMembers members, names with escapes, and nesting deeper
// than maxDepth, which it leaves to a library to decide. A walker that trusts goes over text that is known to be
// valid, and checks nothing.
//
// A walker that is bad is at the end of the text, so that every loop over it ends.
type walker struct {
	b     []byte
	i     int
	names []span // of the open objects, the innermost last
	depth int
	trust bool
	bad   bool
}

const (
	maxMembers = 32
	maxDepth   = 64
)

// fail marks the text as not plain.
func (w *walker) fail() {
	w.bad = true
	w.i = len(w.b)
}

// at is the byte the walker is at, 0 at the end of the text.
func (w *walker) at() byte {
	if w.i < len(w.b) {
		return w.b[w.i]
	}
	return 0
}

// kind goes to the next byte that is not white space and returns it, 0 at the end of the text.
func (w *walker) kind() byte {
	if w.i < len(w.b) {
		if c := w.b[w.i]; c > ' ' {
			return c
		}
	}
	return w.space()
}

func (w *walker) space() byte {
	for w.i < len(w.b) {
		switch c := w.b[w.i]; c {
		case ' ', '\t', '\r', '\n':
			w.i++
		default:
			return c
		}
	}
	return 0
}

// end checks that there is nothing but white space left, and reports whether all the text was plain.
func (w *walker) end() bool { return w.kind() == 0 && w.i == len(w.b) && !w.bad }

// members is a place in an object or array that the walker goes through.
type members struct {
	close byte
	first bool
	mark  int    // where the object's names start in walker.names
	seen  uint64 // a bit for each name, of which two may share one (Bloom, 1970, with one hash)
}

// open enters the object or array the walker is at.
func (w *walker) open() members {
	m := members{close: w.b[w.i] + 2, first: true, mark: len(w.names)} // "{" and "}", "[" and "]" are two apart
	w.i++
	if w.depth++; w.depth > maxDepth && !w.trust {
		w.fail()
	}
	return m
}

// more goes to the next member or element and reports true, or behind the end of the object or array and reports
// false.
func (w *walker) more(m *members) bool {
	c := w.kind()
	if c == m.close {
		w.i++
		w.depth--
		w.names = w.names[:m.mark]
		return false
	}
	if m.first {
		m.first = false
		return !w.bad
	}
	if c != ',' {
		w.fail()
		return false
	}
	w.i++
	return true
}

// name goes behind the next member's name and colon.
func (w *walker) name(m *members) span {
	if w.kind() != '"' {
		w.fail()
		return span{}
	}
	s := w.str()
	if w.kind() != ':' {
		w.fail()
		return span{}
	}
	w.i++
	if !w.trust && !w.unique(m, s) {
		w.fail()
		return span{}
	}
	return s
}

// unique reports whether an object has no member of the same name yet, and adds it.
func (w *walker) unique(m *members, s span) bool {
	if s.escaped || len(w.names)-m.mark == maxMembers {
		return false
	}
	name := w.b[s.start:s.end]
	bit := uint64(1) << ((uint(len(name)) + uint(name[1])*7 + uint(name[len(name)-2])*31) & 63)
	if m.seen&bit != 0 {
		for _, other := range w.names[m.mark:] {
			if bytes.Equal(w.b[other.start:other.end], name) {
				return false
			}
		}
	}
	m.seen |= bit
	w.names = append(w.names, s)
	return true
}

// value goes behind the next value and returns where it is.
func (w *walker) value() span {
	if w.kind() == '"' {
		return w.str()
	}
	start := w.i
	w.skip()
	return span{start: start, end: w.i}
}

// skip goes behind the next value.
func (w *walker) skip() {
	switch c := w.kind(); c {
	case '"':
		w.str()
	case '{':
		if w.trust {
			w.skipNested()
			return
		}
		for m := w.open(); w.more(&m); {
			w.name(&m)
			w.skip()
		}
	case '[':
		if w.trust {
			w.skipNested()
			return
		}
		for m := w.open(); w.more(&m); {
			w.skip()
		}
	case 't':
		w.literal("true")
	case 'f':
		w.literal("false")
	case 'n':
		w.literal("null")
	default:
		w.number()
	}
}

func (w *walker) literal(text string) {
	if rest := w.b[w.i:]; len(rest) < len(text) || string(rest[:len(text)]) != text {
		w.fail()
		return
	}
	w.i += len(text)
}

func (w *walker) number() {
	if w.at() == '-' {
		w.i++
	}
	if w.at() == '0' {
		w.i++
	} else {
		w.digits()
	}
	if w.at() == '.' {
		w.i++
		w.digits()
	}
	if w.at()|0x20 == 'e' {
		w.i++
		if c := w.at(); c == '+' || c == '-' {
			w.i++
		}
		w.digits()
	}
}

// digits goes behind at least one digit.
func (w *walker) digits() {
	start := w.i
	for w.i < len(w.b) && w.b[w.i]-'0' <= 9 {
		w.i++
	}
	if w.i == start {
		w.fail()
	}
}

// skipNested goes behind an object or array of any depth, in text that is known to be valid.
func (w *walker) skipNested() {
	for depth := 0; ; {
		switch w.b[w.i] {
		case '"':
			w.str()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		w.i++
		if depth == 0 {
			return
		}
	}
}

// describe names the kind of the value the walker is at, for an error.
func (w *walker) describe() string {
	switch w.kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
