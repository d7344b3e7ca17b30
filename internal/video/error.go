package video

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/goccy/go-json/jsontext"
)

// Error is what is wrong with a request body.
type Error struct {
	Pointer string // the JSON pointer (RFC 6901) of the offending value, also of one that is missing; "" for the whole body
	Detail  string // what to change, for the client's developer
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

func failf(pointer, format string, args ...any) *Error {
	return &Error{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}
}

func sourceError(i int, err error) *Error {
	return &Error{Pointer: sourcePointer(i, "/src"), Detail: err.Error()}
}

func sourcePointer(i int, member string) string { return "/video/sources/" + strconv.Itoa(i) + member }

func pointerTo(name []byte) string { return string(jsontext.Pointer("").AppendToken(string(name))) }

// syntaxError says why a body is not I-JSON, and where. It reads the body again: errors may take their time.
func syntaxError(body []byte) *Error {
	if len(body) == 0 {
		return failf("", `the body is empty: send an object with a member "video"`)
	}
	d := jsontext.NewDecoder(strings.NewReader(string(body)))
	_, err := d.ReadValue()
	if err == nil {
		end := d.InputOffset()
		if _, err = d.ReadToken(); err == nil || errors.As(err, new(*jsontext.SyntacticError)) {
			return failf("", "there is text after the object, from byte %d on: send one object only", end)
		}
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		e := failf("", "the JSON ends too early, at byte %d: send the whole object", len(body))
		if errors.As(err, &syntax) {
			e.Pointer = string(syntax.JSONPointer)
		}
		return e
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return failf(string(syntax.JSONPointer), "the name appears twice in its object: remove one of them")
	case errors.As(err, &syntax):
		return failf(string(syntax.JSONPointer), "not valid JSON at byte %d: %v", syntax.ByteOffset, syntax.Err)
	default:
		return failf("", "not valid JSON: %v", err)
	}
}
