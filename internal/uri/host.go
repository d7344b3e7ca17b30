package uri

import (
	"net/netip"
	"strconv"
	"strings"
)

// Origin is what an absolute URL starts with.
type Origin struct {
	Scheme, Host string
	Port         string // as it stands there, "" where there is none
}

// CutOrigin takes the scheme, the host and the port off a URL, and returns the rest. It reports
// false if they are invalid, and if the scheme is not in lower case.
func CutOrigin(url string) (o Origin, rest string, ok bool) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !IsScheme(scheme) || scheme != strings.ToLower(scheme) {
		return o, "", false
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	o = Origin{Scheme: scheme, Host: authority}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		o.Host, o.Port = authority[:i], authority[i+1:]
		if p, err := strconv.ParseUint(o.Port, 10, 16); err != nil || p == 0 ||
			o.Port != strconv.FormatUint(p, 10) {
			return o, "", false
		}
	}
	return o, rest, IsHost(o.Host)
}

// IsScheme reports whether s is a scheme (RFC 3986, section 3.1), in any case.
func IsScheme(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.IndexByte(letters, s[0]) >= 0 &&
		strings.Trim(s, letters+"0123456789+-.") == ""
}

// DefaultPort is the port of a URL that names none, "" for a scheme that has no such port here.
func DefaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// IsHost reports whether s is a host of a URL: a name, an IPv4 address, or an IPv6 address in
// brackets.
func IsHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == ""
	}
	return IsHostname(s)
}

// IsHostname reports whether s is a name of a host (RFC 1123, section 2.1, and "_", which names of
// containers have) or an IPv4 address. A name whose last label is a number is read as an IPv4
// address by browsers.
func IsHostname(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	if isNumber(labels[len(labels)-1]) {
		addr, err := netip.ParseAddr(s)
		return err == nil && addr.Is4()
	}
	return len(s) <= 253
}

// isNumber reports whether browsers read a label as a number (WHATWG URL, "ends in a number
// checker").
func isNumber(label string) bool {
	const digits = "0123456789"
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(hex, digits+"abcdef") == ""
	}
	return strings.Trim(label, digits) == ""
}
