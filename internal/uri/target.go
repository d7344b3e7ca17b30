package uri

import (
	"bytes"

	"videotoken/internal/ascii"
)

// Target returns the path and query of a request's target as they came, or "*". In the absolute
// form, which clients use for proxies (RFC 9112, section 3.2.2), it is what follows the host; nil
// if that is empty.
func Target(target []byte) []byte {
	if len(target) == 0 || target[0] == '/' || string(target) == "*" {
		return target
	}
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !ascii.EqualLower(scheme, "http") && !ascii.EqualLower(scheme, "https") {
		return nil
	}
	slash := bytes.IndexAny(rest, "/?#@")
	if slash <= 0 || rest[slash] != '/' {
		// no host, no path, or user info, which RFC 9110, section 4.2.4, has servers refuse
		return nil
	}
	return rest[slash:]
}

// WithoutHost returns what follows scheme and host in a URL that a proxy made of a request, nil if
// it is no such URL. The host is the client's word: a letter that no host has could move the place
// where the path begins.
func WithoutHost(url []byte) []byte {
	rest, ok := bytes.CutPrefix(url, []byte("https://"))
	if !ok {
		rest, ok = bytes.CutPrefix(url, []byte("http://"))
	}
	slash := bytes.IndexByte(rest, '/')
	if !ok || slash <= 0 {
		return nil
	}
	for _, c := range rest[:slash] {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '.' || c == ':' ||
			c == '[' || c == ']' || c == '-') {
			return nil
		}
	}
	return rest[slash:]
}

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
