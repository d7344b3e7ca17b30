package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// origin is what a URL starts with.
type origin struct {
	scheme, host string
	port         string // "" for the scheme's own
}

// cutOrigin takes the scheme, the host and the port off a URL, and returns the rest. It reports
// false if they are invalid.
func cutOrigin(url string) (o origin, rest string, ok bool) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !isScheme(scheme) {
		return o, "", false
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	o = origin{scheme: scheme, host: authority}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		o.host, o.port = authority[:i], authority[i+1:]
		if p, err := strconv.ParseUint(o.port, 10, 16); err != nil || p == 0 ||
			o.port != strconv.FormatUint(p, 10) {
			return o, "", false
		}
	}
	return o, rest, isHost(o.host)
}

// isScheme reports whether s is a scheme (RFC 3986, section 3.1) in lower case.
func isScheme(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.IndexByte(letters, s[0]) >= 0 &&
		strings.Trim(s, letters+"0123456789+-.") == ""
}

// isHost reports whether s is a host of a URL: a name, an IPv4 address, or an IPv6 address in
// brackets.
func isHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == ""
	}
	return isHostname(s)
}

// isHostname reports whether s is a name of a host (RFC 1123, section 2.1, and "_", which names of
// containers have) or an IPv4 address. A name whose last label is a number is read as an IPv4
// address by browsers.
func isHostname(s string) bool {
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
	if last := labels[len(labels)-1]; isNumber(last) {
		addr, err := netip.ParseAddr(s)
		return err == nil && addr.Is4()
	}
	return len(s) <= 253
}

// isNumber reports whether browsers read a label as a number (WHATWG URL, "ends in a number
// checker").
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return isDigits(label)
}
