package document

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a request body.
type Error struct {
	// the JSON pointer (RFC 6901) of the wrong or missing value; "" for the whole body
	Pointer string
	Detail  string // what to change, for the client's developer
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

// Errorf makes an error about the value that a pointer points to.
func Errorf(pointer, format string, args ...any) *Error {
	return &Error{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}
}

// fault is a reason why a text is not JSON that is taken.
type fault uint8

const (
	none fault = iota
	tooShort
	unexpected
	controlByte
	notUTF8
	badEscape
	loneSurrogate
	duplicate
	tooDeep
	trailing
)

// error makes the error for the walker's fault.
func (w *walker) error() *Error {
	body, at := w.b, w.faultAt
	if len(body) == 0 {
		return &Error{Detail: `the body is empty: send a JSON object`}
	}
	e := &Error{Pointer: w.pointer()}
	switch w.fault {
	case tooShort:
		e.Detail = fmt.Sprintf("the JSON ends too early, at byte %d: send the whole object",
			len(body))
	case unexpected:
		_, size := utf8.DecodeRune(body[at:])
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: unexpected character %q", at,
			body[at:at+size])
	case controlByte:
		e.Detail = fmt.Sprintf(
			`not valid JSON at byte %d: a control character in a string must be escaped as \u%04X`,
			at, body[at])
	case notUTF8:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string is not UTF-8", at)
	case badEscape:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string has an unknown escape", at)
	case loneSurrogate:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string has half of a surrogate pair",
			at)
	case duplicate:
		e.Detail = "the name appears twice in its object: remove one of them"
	case tooDeep:
		e.Detail = fmt.Sprintf("objects and arrays are nested more than %d levels deep, at byte "+
			"%d: nest them less", maxDepth, at)
	case trailing:
		e.Detail = fmt.Sprintf("there is text after the object, from byte %d on: send one "+
			"object only", at)
	}
	return e
}

// maxPointer bounds how much of a body a pointer repeats.
const maxPointer = 512

// pointer returns the JSON pointer (RFC 6901) of the value that is next, or whose fault ended the
// walk. Before a name it is the object's. Where it is longer than maxPointer, it is that of the
// innermost object or array around whose pointer is not.
func (w *walker) pointer() string {
	var pointer, token []byte
	for i := range w.levels[:w.depth] {
		l := &w.levels[i]
		switch {
		case l.closer == ']' && l.count > 0:
			token = strconv.AppendInt(append(token[:0], '/'), int64(l.count-1), 10)
		case l.closer == '}' && l.name.end > 0:
			if l.name.end-l.name.start > maxPointer {
				return string(pointer)
			}
			token = append(append(token[:0], '/'),
				escapePointer.Replace(string(w.names.get(l.name)))...)
		default:
			return string(pointer)
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
