package config

import (
	"fmt"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/uri"
)

const maxKeys = 64 // of a CDN

// cdns reads the list of CDNs. Names and key ids are unique in the whole file, so that a token
// tells its key.
func (r *reader) cdns(n *node, field string) (cdns []cdn.CDN) {
	names, ids := map[string]string{}, map[int64]string{}
	picked := false
	r.listOf(n, field, 1, cdn.MaxCDNs, func(n *node, field string) {
		c := r.cdn(n, field, names, ids)
		picked = picked || c.Weight > 0
		cdns = append(cdns, c)
	})
	if len(cdns) > 0 && !picked {
		r.fail(n, field, "every weight is 0: at least one CDN needs a weight of 1 or more")
	}
	return cdns
}

// cdn reads one CDN. names and ids have the field of each name and key id that stands before it.
func (r *reader) cdn(n *node, field string, names map[string]string, ids map[int64]string) cdn.CDN {
	c := cdn.CDN{Weight: 1}
	missing := map[string]bool{"name": true, "url": true, "keys": true}
	kind := r.scheme(n, field)
	options := map[string]string{}
	var keys []scheme.Key
	var domainAt *node // the domain of its cookies
	known := fields{
		"scheme": func(*node, string) {}, // it was read first
		"name": func(n *node, f string) {
			delete(missing, "name")
			s, ok := r.text(n, f)
			if !ok {
				return
			}
			if !isName(s) {
				r.fail(n, f, `must be 1 to 64 letters, digits, "-", "_" and ".": it is a part of the path of /verify`)
			} else if other := names[s]; other != "" {
				r.fail(n, f, "%q is the name of %s already: give each CDN its own", s, other)
			} else {
				c.Name, names[s] = s, field
			}
		},
		"url": func(n *node, f string) {
			delete(missing, "url")
			if s, ok := r.text(n, f); ok {
				if !isBase(s) {
					r.fail(n, f, `must be http:// or https:// and a host, and a base path if there is one, such as "https://d111.cloudfront.net" or "https://storage.googleapis.com/films": without a query, a "/" at the end, or a character in the path that has to be percent-encoded`)
				}
				c.URL = s
			}
		},
		"weight": func(n *node, f string) {
			w, ok := r.number(n, f, 0, cdn.MaxWeight)
			if c.Weight = int(w); !ok {
				c.Weight = 1 // so that there is no second mistake
			}
		},
		"keys": func(n *node, f string) {
			delete(missing, "keys")
			r.listOf(n, f, 1, maxKeys, func(n *node, f string) {
				if kind.IsOwn() {
					if k, renews := r.key(n, f, kind, ids); k != nil {
						c.Keys = append(c.Keys, k)
						if !renews {
							c.Unrenewed = append(c.Unrenewed, k.ID())
						}
					}
				} else if k, ok := r.foreignKey(n, f, kind); ok {
					keys = append(keys, k)
				}
			})
		},
	}
	if kind.IsOwn() {
		known["exact_requests"] = func(n *node, f string) { c.ExactRequests = r.boolean(n, f) }
		known["enforce"] = func(n *node, f string) { c.ReportOnly = !r.boolean(n, f) }
	}
	if kind.Cookies {
		known["cookies"] = func(n *node, f string) { domainAt = r.cookies(n, f, &c, options) }
	}
	r.schemeOptions(kind, known, options)
	at := len(r.mistakes)
	r.mapping(n, field, known)
	if c.CookieDomain != "" {
		r.checkCookies(domainAt, field+".cookies.domain", c.CookieDomain, c.URL)
		r.cookieCDN = c.Name
	}
	for _, name := range []string{"name", "url", "keys"} {
		if n.kind == mapping && missing[name] {
			r.fail(n, field+"."+name, "is missing: every CDN needs it")
		}
	}
	c.Segments = kind.ReservedSegments(options)
	if c.Reserved = kind.Reserved(options); !kind.IsOwn() && len(r.mistakes) == at {
		r.signer(n, field, kind, &c, keys, options)
	}
	if c.ReportOnly {
		r.warnings = append(r.warnings, fmt.Sprintf("%s: enforce is false: /verify lets every request for %s pass, and only reports what it would refuse", field, c.Name))
	}
	return c
}

// isName reports whether s can name a CDN: as a caller can be named, and not so that it changes the
// path of /verify.
func isName(s string) bool { return caller.IsName(s) && s != "." && s != ".." }

// isBase reports whether URLs of a CDN can start with s: a scheme, http or https, a host, and a
// base path in the one spelling that is served. A path that starts with "~" would be taken for a
// token.
func isBase(s string) bool {
	o, path, ok := cutOrigin(s)
	if !ok || o.scheme != "https" && o.scheme != "http" {
		return false
	}
	return path == "" || uri.IsServed([]byte(path)) && !strings.HasSuffix(path, "/") && path[1] != '~' && len(path) <= uri.MaxTarget/4
}
