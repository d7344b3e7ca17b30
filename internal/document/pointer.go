package document

import (
	"strconv"
	"strings"
)

// maxPointer bounds how much of a body a pointer repeats.
const maxPointer = 512

// pointerTo returns the JSON pointer (RFC 6901) of the value at body[at]. Inside a value it is that value's; after a
// value or before a name it is the pointer of the object or array around. Where it is longer than maxPointer, it is the
// pointer of the innermost object or array around whose pointer is not. What comes before at must be valid.
func pointerTo(body []byte, at int) string {
	var pointer, token []byte
	for _, l := range enclosing(body, at) {
		switch {
		case !l.inValue:
			continue
		case l.array:
			token = strconv.AppendInt(append(token[:0], '/'), int64(l.element), 10)
		default:
			if l.name.end-l.name.start > 6*maxPointer { // as \u escapes, maxPointer characters have this length
				return string(pointer)
			}
			name := appendUnescaped(nil, body[l.name.start+1:l.name.end-1])
			token = append(append(token[:0], '/'), escapePointer.Replace(string(name))...)
		}
		if len(pointer)+len(token) > maxPointer {
			return string(pointer)
		}
		pointer = append(pointer, token...)
	}
	return string(pointer)
}

// escapePointer escapes a name for a pointer (RFC 6901, section 3).
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// enclosure is an object or array around a position.
type enclosure struct {
	array   bool
	element int   // of an array: the index of the element before or at the position
	name    Value // of an object: the name before the position
	inValue bool  // the position is in the value of the name or element, or where it is due
}

// enclosing returns the objects and arrays around a position, outermost first.
func enclosing(body []byte, at int) []enclosure {
	around := make([]enclosure, 1, 1+maxDepth) // the first is the text as a whole
	for i := skipSpace(body, 0); i < at && i < len(body); i = skipSpace(body, i) {
		inner := &around[len(around)-1]
		switch c := body[i]; c {
		case '{', '[':
			around = append(around, enclosure{array: c == '[', inValue: c == '['})
			i++
		case '}', ']':
			around = around[:len(around)-1]
			around[len(around)-1].inValue = false
			i++
		case ',':
			inner.element++
			inner.inValue = inner.array
			i++
		case ':':
			i++
		case '"':
			end, escaped, f := scanString(body, i)
			if f != none || end > at {
				return around
			}
			if isName := len(around) > 1 && !inner.array && !inner.inValue; isName {
				inner.name = Value{i, end, escaped}
				inner.inValue = true
			} else {
				inner.inValue = false
			}
			i = end
		default:
			end, ok := scanScalar(body, i)
			if !ok || end > at {
				return around
			}
			inner.inValue = false
			i = end
		}
	}
	return around
}
