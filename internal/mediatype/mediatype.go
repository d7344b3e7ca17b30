// Package mediatype compares media types as HTTP does. There is one call: [Is].
package mediatype

import (
	"bytes"

	"videotoken/internal/ascii"
)

// Is reports whether a value such as "Application/JSON; charset=utf-8" is of the given type, which
// is in lower case. ASCII letters match in any case and parameters are ignored (RFC 9110, section
// 8.3.1).
func Is(value []byte, lower string) bool {
	if string(value) == lower {
		return true // nearly always
	}
	if i := bytes.IndexByte(value, ';'); i >= 0 {
		value = value[:i]
	}
	return ascii.EqualLower(bytes.Trim(value, " \t"), lower)
}
