package document

// maxDepth is how many objects and arrays may be open at a place in the text.
const maxDepth = 64

// walker goes over the values of a JSON text (RFC 8259) and checks on the way that it is I-JSON
// (RFC 7493) and nested at most maxDepth levels deep. At the first fault it goes to the end of the
// text, so that every loop over it ends.
type walker struct {
	b       []byte
	i       int
	depth   int
	levels  [maxDepth]level // the open objects and arrays
	names   names
	fault   fault
	faultAt int
}

// level is an open object or array.
type level struct {
	closer byte   // the byte that ends it
	count  uint32 // how many members or elements have begun
	// of an object: the name of the member that has begun, with the end 0 before one
	name      nameSpan
	firstName uint32 // the index of its first name in names.list
	firstText uint32 // where its names start in names.text
	inTable   uint32 // how many of its names are in names.table
	filter    uint64
}

// reset puts the walker at the start of a text.
func (w *walker) reset(b []byte) {
	w.b, w.i, w.depth, w.fault = b, 0, 0, none
	w.names.reset(b)
}

// fail records the first fault, and goes to the end of the text.
func (w *walker) fail(f fault, at int) {
	if w.fault == none {
		if at >= len(w.b) && f == unexpected {
			f = tooShort
		}
		w.fault, w.faultAt = f, at
	}
	w.i = len(w.b)
}

// next skips white space, and returns the byte after it, 0 at the end of the text.
func (w *walker) next() byte {
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

// skipSpace returns the position of the next byte that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// end checks that only white space is left.
func (w *walker) end() {
	if w.next(); w.i < len(w.b) {
		w.fail(trailing, w.i)
	}
}

// open enters the object or array that starts here.
func (w *walker) open() *level {
	if w.depth == maxDepth {
		w.fail(tooDeep, w.i)
		return &w.levels[maxDepth-1] // nothing is read any more
	}
	l := &w.levels[w.depth]
	*l = level{
		closer:    w.b[w.i] + 2, // "{" and "}", "[" and "]" are two apart
		firstName: uint32(len(w.names.list)),
		firstText: uint32(len(w.names.text)),
	}
	w.depth++
	w.i++
	return l
}

// more goes to the next member or element and reports true, or goes past the end of the object or
// array and reports false.
func (w *walker) more(l *level) bool {
	c := w.next()
	if c == l.closer {
		w.close(l)
		return false
	}
	l.count++
	if l.count == 1 {
		return true
	}
	if c != ',' {
		l.count--
		w.fail(unexpected, w.i)
		return false
	}
	w.i++
	return true
}

// close leaves the innermost object or array, whose closer is here.
func (w *walker) close(l *level) {
	w.i++
	w.depth--
	if l.closer == '}' {
		w.names.drop(l)
	}
}

// name goes past the next member's name and its colon, and returns the name's text, which is good
// until the object ends. After a fault it returns nil.
func (w *walker) name(l *level) []byte {
	b, i := w.b, w.i
	l.name.end = 0
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i == len(b) || b[i] != '"' {
		w.fail(unexpected, i)
		return nil
	}
	end, escaped, f := scanString(b, i)
	if f != none {
		w.fail(f, end)
		return nil
	}
	name := b[i+1 : end-1]
	l.name = nameSpan{uint32(i + 1), uint32(end - 1), false}
	if escaped {
		name = w.names.unescape(l, name)
	}
	if !w.names.add(l, w.depth, name) {
		w.fail(duplicate, end)
		return nil
	}
	if end < len(b) && b[end] <= ' ' {
		end = skipSpace(b, end)
	}
	if end == len(b) || b[end] != ':' {
		w.fail(unexpected, end)
		return nil
	}
	w.i = end + 1
	return name
}

// value goes past the next value and returns its place.
func (w *walker) value() Value {
	if w.next() == '"' {
		return w.str()
	}
	start := w.i
	w.skip()
	return Value{start: uint32(start), end: uint32(w.i)}
}

// str goes past the string that starts here and returns its place.
func (w *walker) str() Value {
	end, escaped, f := scanString(w.b, w.i)
	if f != none {
		w.fail(f, end)
		return Value{}
	}
	v := Value{uint32(w.i), uint32(end), escaped}
	w.i = end
	return v
}

// skip goes past the next value.
func (w *walker) skip() {
	switch w.next() {
	case '"':
		w.str()
	case '{', '[':
		w.skipNested()
	default:
		if end, ok := scanScalar(w.b, w.i); ok {
			w.i = end
		} else {
			w.fail(unexpected, end)
		}
	}
}

// describe names the kind of value that starts here, for an error.
func (w *walker) describe() string {
	switch w.next() {
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
