package uri

import "bytes"

// Tilde is the length of what starts a path with a token: "/~", "/%7E" or "/%7e"; 0 for another
// path. In a canonical path only the first of them can stand.
func Tilde(path []byte) int {
	switch {
	case len(path) >= 2 && path[0] == '/' && path[1] == '~':
		return 2
	case len(path) >= 4 && string(path[:3]) == "/%7" && path[3]|0x20 == 'e':
		return 4
	}
	return 0
}

// IsNamed reports whether a parameter of a query has exactly the given name, with a value or
// without.
func IsNamed(param []byte, name string) bool {
	return len(param) >= len(name) && string(param[:len(name)]) == name &&
		(len(param) == len(name) || param[len(name)] == '=')
}

// Cut is bytes.Cut at one byte. after is nil only where there is no separator.
func Cut(b []byte, separator byte) (before, after []byte) {
	if i := bytes.IndexByte(b, separator); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}
