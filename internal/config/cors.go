package config

import (
	"slices"
	"strings"
	"time"
)

func (r *reader) cors(n *node, field string, c *CORS) {
	var origins []*node
	var credentials *node
	r.mapping(n, field, fields{
		"origins": func(n *node, f string) {
			r.list(n, f, func(n *node, f string) {
				if s, ok := r.origin(n, f); ok {
					c.Origins = append(c.Origins, s)
					origins = append(origins, n)
				}
			})
			if slices.Contains(c.Origins, "*") && len(c.Origins) > 1 {
				r.fail(n, f, `"*" allows every origin: remove it or the others`)
			}
		},
		"headers": func(n *node, f string) {
			r.list(n, f, func(n *node, f string) {
				if s, ok := r.text(n, f); !ok {
				} else if !isHeaderName(s) {
					r.fail(n, f, `must be the name of one header that a page may send, such as "Authorization"`)
				} else {
					c.Headers = append(c.Headers, s)
				}
			})
		},
		"credentials": func(n *node, f string) { c.Credentials, credentials = r.boolean(n, f), n },
		"max_age":     func(n *node, f string) { c.MaxAge, _ = r.duration(n, f, 0, 24*time.Hour) },
	})
	if c.Credentials {
		for i, o := range c.Origins {
			if o == "null" || strings.Contains(o, "*") {
				r.fail(origins[i], field+".origins", `%q cannot be combined with credentials, which line %v allows: list each origin, or remove credentials`, o, credentials)
			}
		}
	}
}

// origin reads an origin that may ask from a browser.
func (r *reader) origin(n *node, field string) (string, bool) {
	s, ok := r.text(n, field)
	if !ok {
		return "", false
	}
	if s == "*" || s == "null" || isOrigin(s) {
		return s, true
	}
	if i := strings.Index(s, "://*."); i > 0 && isOrigin(strings.Replace(s, "*.", "x.", 1)) {
		return s, true
	}
	r.fail(n, field, `must be an origin as a browser sends it, such as "https://player.example": in lower case, without a path, and without the scheme's own port; with one "*" as the first label, as in "https://*.example"; an app's, such as "capacitor://localhost"; "null"; or "*"`)
	return "", false
}

// isOrigin reports whether s is the serialization of an origin (RFC 6454, section 6.2).
func isOrigin(s string) bool {
	o, rest, ok := cutOrigin(s)
	return ok && rest == "" && s == strings.ToLower(s) &&
		!(o.scheme == "https" && o.port == "443") && !(o.scheme == "http" && o.port == "80")
}

// isHeaderName reports whether s is a name of a header (RFC 9110, section 5.1). "*", which is one,
// means all headers but Authorization to browsers, and is none here.
func isHeaderName(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'+-.^_`|~"
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
}
