package config

import (
	"slices"
	"strings"
	"time"

	"videotoken/internal/uri"
)

// cors says which pages may ask from a browser.
func (r *reader) cors(c *CORS) value {
	var origins []*node
	var credentials *node
	return object(fields{
		{"origins", "Exact origins, https://*.example for one label, null, an app's, or * alone.",
			list(0, 0, text(func(n *node, f, s string) {
				if r.checkOrigin(n, f, s) {
					c.Origins = append(c.Origins, s)
					origins = append(origins, n)
				}
			})).then(func(n *node, f string) {
				if slices.Contains(c.Origins, "*") && len(c.Origins) > 1 {
					r.fail(n, f, `"*" allows every origin: remove it or the others`)
				}
			})},
		{"headers", "Headers that a page may send besides Content-Type.", list(0, 0, text(
			func(n *node, f, s string) {
				if !isHeaderName(s) {
					r.fail(n, f,
						`must be the name of one header that a page may send, such as "Authorization"`)
				}
				c.Headers = append(c.Headers, s)
			}))},
		{"credentials", "true: a page may send cookies; then origins are exact ones.",
			boolean(&c.Credentials).at(&credentials)},
		{"max_age", "How long a browser keeps the answer to a preflight.",
			duration(&c.MaxAge, 0, 24*time.Hour)},
	}).then(func(n *node, field string) {
		for i, o := range c.Origins {
			if c.Credentials && (o == "null" || strings.Contains(o, "*")) {
				r.fail(origins[i],
					field+
						".origins", `%q cannot be combined with credentials, which line %v allows: list each origin, or remove credentials`,
					o, credentials)
			}
		}
	})
}

// checkOrigin checks an origin that may ask from a browser.
func (r *reader) checkOrigin(n *node, field, s string) bool {
	if s == "*" || s == "null" || isOrigin(s) {
		return true
	}
	if i := strings.Index(s, "://*."); i > 0 && isOrigin(strings.Replace(s, "*.", "x.", 1)) {
		return true
	}
	r.fail(n,
		field, `must be an origin as a browser sends it, such as "https://player.example": in lower case, without a path, and without the scheme's own port; with one "*" as the first label, as in "https://*.example"; an app's, such as "capacitor://localhost"; "null"; or "*"`)
	return false
}

// isOrigin reports whether s is the serialization of an origin (RFC 6454, section 6.2).
func isOrigin(s string) bool {
	o, rest, ok := uri.CutOrigin(s)
	return ok && rest == "" && s == strings.ToLower(s) &&
		(o.Port == "" || o.Port != uri.DefaultPort(o.Scheme))
}

// isHeaderName reports whether s is a name of a header (RFC 9110, section 5.1). "*", which is one,
// means all headers but Authorization to browsers, and is none here.
func isHeaderName(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'+-.^_`|~"
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
}
