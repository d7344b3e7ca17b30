package video

import (
	"encoding/binary"
	"math/bits"
)

// walker goes over the values of valid JSON (RFC 8259). It relies on the grammar and checks nothing: on invalid JSON
// it may panic.
type walker struct {
	b []byte
	i int
}

// space goes to the next byte that is not white space.
func (w *walker) space() {
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case ' ', '\t', '\r', '\n':
			w.i++
		default:
			return
		}
	}
}

// kind goes to the next value and returns its first byte.
func (w *walker) kind() byte {
	w.space()
	return w.b[w.i]
}

// open enters the object or array the walker is at.
func (w *walker) open() { w.i++ }

// more goes to the next member or element, or behind the end of the object or array if there is none.
func (w *walker) more(end byte) bool {
	w.space()
	if w.b[w.i] == ',' {
		w.i++
		w.space()
	}
	if w.b[w.i] == end {
		w.i++
		return false
	}
	return true
}

// colon goes behind the colon after a name.
func (w *walker) colon() {
	w.space()
	w.i++
	w.space()
}

// value goes behind the next value and returns where it is.
func (w *walker) value() span {
	w.space()
	start := w.i
	escaped := w.skip()
	return span{start, w.i, escaped}
}

// skip goes behind the value the walker is at, and reports whether it is a string with escapes.
func (w *walker) skip() (escaped bool) {
	switch w.b[w.i] {
	case '"':
		return w.skipString()
	case '{', '[':
		w.skipNested()
	default:
		for w.i < len(w.b) && !endsScalar[w.b[w.i]] {
			w.i++
		}
	}
	return false
}

func (w *walker) skipNested() {
	for depth := 0; ; {
		switch w.b[w.i] {
		case '"':
			w.skipString()
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

// skipString goes behind a string, and reports whether it has escapes. It looks at eight bytes at a time for the quote
// or backslash that comes next.
func (w *walker) skipString() (escaped bool) {
	b, i := w.b, w.i+1
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			if stop := zeroBytes(x^quotes) | zeroBytes(x^backslashes); stop != 0 {
				i += bits.TrailingZeros64(stop) / 8
				break
			}
			i += 8
		}
		switch b[i] {
		case '"':
			w.i = i + 1
			return escaped
		case '\\':
			escaped = true
			i += 2
		default: // within eight bytes of the end
			i++
		}
	}
}

const (
	ones        = 0x0101010101010101
	quotes      = '"' * ones
	backslashes = '\\' * ones
)

// zeroBytes has the high bit set of the lowest byte of x that is zero, and none below it (Warren, "Hacker's Delight",
// section 6-1).
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x & (ones << 7) }

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

var endsScalar = func() (t [256]bool) {
	for _, c := range []byte(",]} \t\r\n") {
		t[c] = true
	}
	return t
}()
