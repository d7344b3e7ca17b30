package document

import (
	"fmt"
	"unicode/utf8"
)

// Error says what is wrong with a request body.
type Error struct {
	Pointer string // the JSON pointer (RFC 6901) of the wrong or missing value; "" for the whole body
	Detail  string // what to change, for the client's developer
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

// Errorf makes an error about a value.
func (d *Document) Errorf(v Value, format string, args ...any) *Error {
	return &Error{Pointer: pointerTo(d.body, v.start), Detail: fmt.Sprintf(format, args...)}
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

// faultError makes the error for a fault at a position.
func faultError(body []byte, f fault, at int) *Error {
	if len(body) == 0 {
		return &Error{Detail: `the body is empty: send an object with a member "video"`}
	}
	e := &Error{Pointer: pointerTo(body, at)}
	switch f {
	case tooShort:
		e.Detail = fmt.Sprintf("the JSON ends too early, at byte %d: send the whole object", len(body))
	case unexpected:
		_, size := utf8.DecodeRune(body[at:])
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: unexpected character %q", at, body[at:at+size])
	case controlByte:
		e.Detail = fmt.Sprintf(`not valid JSON at byte %d: a control character in a string must be escaped as \u%04X`, at, body[at])
	case notUTF8:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string is not UTF-8", at)
	case badEscape:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string has an unknown escape", at)
	case loneSurrogate:
		e.Detail = fmt.Sprintf("not valid JSON at byte %d: the string has half of a surrogate pair", at)
	case duplicate:
		e.Detail = "the name appears twice in its object: remove one of them"
	case tooDeep:
		e.Detail = fmt.Sprintf("objects and arrays are nested more than %d levels deep, at byte %d: nest them less", maxDepth, at)
	case trailing:
		e.Detail = fmt.Sprintf("there is text after the object, from byte %d on: send one object only", at)
	}
	return e
}
