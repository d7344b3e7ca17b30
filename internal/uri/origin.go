package uri

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"videotoken/internal/ascii"
)

// Origins are the beginnings of absolute URLs whose rest is a path of our own: the CDNs' URLs, and
// those of hosts that documents come from. They are immutable. A nil *Origins has none.
type Origins struct{ list []origin }

// origin is a beginning of a URL. All but base is in lower case, and the port is "" where it is the
// scheme's default.
type origin struct {
	Origin
	base string // the base path, without a slash at its end
}

// The errors of [Origins.Cut].
var (
	// ErrForeign is the error for a URL that begins with none of the origins, or is relative.
	ErrForeign  = errors.New(`must be an absolute path such as "/film.mp4", or a URL of a configured CDN or of document.origins`)
	errUserInfo = errors.New(
		`must have no user name or password before its host: remove all up to the "@"`)
)

// NewOrigins makes a table of URLs such as "https://video.example.com" or
// "https://storage.googleapis.com/films": a scheme, a host, a base path if there is one, and no
// query.
func NewOrigins(urls []string) (*Origins, error) {
	o := &Origins{}
	for _, u := range urls {
		scheme, rest, ok := strings.Cut(u, "://")
		authority, base := rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			authority, base = rest[:i], strings.TrimSuffix(rest[i:], "/")
		}
		if !ok || scheme == "" || authority == "" || strings.ContainsAny(rest, "?#\\@") {
			return nil,
				fmt.Errorf(`%q must be a scheme, "://", a host, and a base path if there is one`, u)
		}
		scheme = strings.ToLower(scheme)
		host, port := cutPort([]byte(strings.ToLower(authority)))
		added := origin{Origin{scheme, string(host), string(port)}, base}
		if added.Port == DefaultPort(scheme) {
			added.Port = ""
		}
		o.list = append(o.list, added)
	}
	slices.SortStableFunc(o.list, func(a, b origin) int {
		return cmp.Compare(len(b.base), len(a.base))
	})
	return o, nil
}

// Cut returns the path of a URL, with its query and fragment. An absolute path is its own. A URL
// with a scheme, or one that starts with "//", must begin with one of the origins, with the longest
// base path of those that it begins with. Schemes and hosts are compared without case (RFC 3986,
// section 6.2.2.1), and a default port is the same as none. The rest is part of src, and may be no
// path.
func (o *Origins) Cut(src []byte) (rest []byte, err error) {
	if IsPath(src) {
		return src, nil
	}
	scheme, rest, ok := cutScheme(src)
	if !ok {
		return nil, ErrForeign
	}
	end := bytes.IndexAny(rest, `/?#\`) // browsers read "\" as "/"
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	if bytes.IndexByte(authority, '@') >= 0 {
		return nil, errUserInfo
	}
	if o == nil {
		return nil, ErrForeign
	}
	host, port := cutPort(authority)
	for i := range o.list {
		if known := &o.list[i]; known.has(scheme, host, port) {
			if path, ok := cutPrefix(rest, known.base); ok && len(path) > 0 && path[0] == '/' {
				return path, nil
			}
		}
	}
	return nil, ErrForeign
}

// IsPath reports whether a URL starts as an absolute path does, without a scheme or host.
func IsPath(src []byte) bool {
	return len(src) > 0 && src[0] == '/' && (len(src) == 1 || src[1] != '/')
}

// cutScheme returns the scheme of an absolute URL, nil for one that starts with "//", and what
// follows the slashes.
func cutScheme(src []byte) (scheme, rest []byte, ok bool) {
	if rest, ok := cutPrefix(src, "//"); ok {
		return nil, rest, true
	}
	i := bytes.IndexByte(src, ':')
	if i <= 0 {
		return nil, nil, false
	}
	rest, ok = cutPrefix(src[i+1:], "//")
	return src[:i], rest, ok
}

// cutPort cuts an authority without user information into its host and port (RFC 3986, section
// 3.2). An empty port is none.
func cutPort(authority []byte) (host, port []byte) {
	i := bytes.LastIndexByte(authority, ':')
	if i < 0 || bytes.IndexByte(authority[i:], ']') >= 0 { // a colon of an IPv6 address
		return authority, nil
	}
	return authority[:i], authority[i+1:]
}

func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return nil, false
	}
	return b[len(prefix):], true
}

// has reports whether a URL's scheme, host and port are the origin's. Without a scheme it is that
// of the page, which may be any. An internationalized host name is compared as it stands.
func (o *origin) has(scheme, host, port []byte) bool {
	if scheme != nil && !ascii.EqualLower(scheme, o.Scheme) || !ascii.EqualLower(host, o.Host) {
		return false
	}
	if string(port) == DefaultPort(o.Scheme) {
		port = nil
	}
	return string(port) == o.Port
}
