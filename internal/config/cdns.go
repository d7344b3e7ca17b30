package config

import (
	"fmt"
	"slices"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/uri"
)

const maxKeys = 64 // of a CDN

// cdns is the list of CDNs. Names and key ids are unique in the whole file, so that a token tells
// its key.
func (r *reader) cdns(to *[]cdn.CDN) value {
	names, ids := map[string]string{}, map[int64]string{}
	return entries(1, cdn.MaxCDNs, func(string) value {
		return value{
			read: func(r *reader, n *node, field string) {
				*to = append(*to, r.cdn(n, field, names, ids))
			},
			schema: cdnSchema,
		}
	}).then(func(n *node, field string) {
		if len(*to) > 0 && !slices.ContainsFunc(*to, func(c cdn.CDN) bool { return c.Weight > 0 }) {
			r.fail(n, field, "every weight is 0: at least one CDN needs a weight of 1 or more")
		}
	})
}

// entry is what the reader knows of a CDN while it reads its fields.
type entry struct {
	cdn.CDN
	kind     *scheme.Scheme
	options  map[string]string // of the scheme
	keys     []scheme.Key      // of a foreign scheme
	enforce  bool
	domainAt *node // the domain of its cookies
}

func newEntry(kind *scheme.Scheme) *entry {
	return &entry{CDN: cdn.CDN{Weight: 1}, kind: kind, options: map[string]string{}, enforce: true}
}

// cdn reads one CDN. names and ids have the field of each name and key id that stands before it.
func (r *reader) cdn(n *node, field string, names map[string]string, ids map[int64]string) cdn.CDN {
	c := newEntry(r.scheme(n, field))
	at := len(r.mistakes)
	r.mapping(n, field, r.cdnFields(c, field, names, ids))
	if c.CookieDomain != "" {
		r.checkCookies(c.domainAt, field+".cookies.domain", c.CookieDomain, c.URL)
		r.cookieCDN = c.Name
	}
	c.Segments = c.kind.ReservedSegments(c.options)
	if c.Reserved = c.kind.Reserved(c.options); !c.kind.IsOwn() && len(r.mistakes) == at {
		r.signer(n, field, c)
	}
	if c.ReportOnly = !c.enforce; c.ReportOnly {
		r.warnings = append(r.warnings,
			fmt.Sprintf("%s: enforce is false: /verify lets every request for %s pass, and only "+
				"reports what it would refuse", field, c.Name))
	}
	return c.CDN
}

// cdnFields are those of a CDN with the scheme that it names.
func (r *reader) cdnFields(c *entry, field string, names map[string]string,
	ids map[int64]string) fields {
	keys := entries(1, maxKeys, func(string) value { return r.foreignKey(c) })
	about := sentence(c.kind.KeyDoc)
	if c.kind.IsOwn() {
		keys = entries(1, maxKeys, func(field string) value { return r.key(c, field, ids) })
		about = "Its keys: the first signs, all of them verify, so that a key can be changed."
	}
	known := fields{
		{"name", "The CDN's name, as in /verify/FAMILY/NAME.", text(func(n *node, f, s string) {
			if !isName(s) {
				r.fail(n,
					f, `must be 1 to 64 letters, digits, "-", "_" and ".": it is a part of the path of /verify`)
			} else if other := names[s]; other != "" {
				r.fail(n, f, "%q is the name of %s already: give each CDN its own", s, other)
			} else {
				c.Name, names[s] = s, field
			}
		}).like(namePattern, "").needed("every CDN needs it")},
		{"url", "What its URLs start with: http:// or https://, a host, and a base path if " +
			"there is one.", text(func(n *node, f, s string) {
			if c.URL = s; !isBase(s) {
				r.fail(n,
					f, `must be http:// or https:// and a host, and a base path if there is one, such as "https://d111.cloudfront.net" or "https://storage.googleapis.com/films": without a query, a "/" at the end, or a character in the path that has to be percent-encoded`)
			}
		}).like(basePattern, "").needed("every CDN needs it")},
		{"scheme", c.kind.Doc, schemeName(c.kind)},
		{"weight", "Its share of the videos; with 0 its tokens are verified, and it is " +
			"never picked.", number(&c.Weight, 0, cdn.MaxWeight)},
		{"keys", about, keys.needed("every CDN needs it")},
	}
	if c.kind.IsOwn() {
		known = append(known,
			member{"exact_requests", "true for edges that pass on the request as it is: Traefik, " +
				"Envoy, ingress-nginx.", boolean(&c.ExactRequests)},
			member{"enforce", "false: /verify accepts everything, and says in " +
				"X-Token-Would-Refuse what it would refuse.", boolean(&c.enforce)})
	}
	if c.kind.Cookies {
		known = append(known,
			member{"cookies", "Cookies that open the directories of playlists, in place of a " +
				"token in the URL.", r.cookies(c)})
	}
	return append(known, r.schemeOptions(c)...)
}

// basePattern is how isBase reads to an editor.
const basePattern = "^https?://[^?#]*[^?#/]$"

// isName reports whether s can name a CDN: as a caller can be named, and not so that it changes the
// path of /verify.
func isName(s string) bool { return caller.IsName(s) && s != "." && s != ".." }

// isBase reports whether URLs of a CDN can start with s: a scheme, http or https, a host, and a
// base path in the one spelling that is served. A path that starts with "~" would be taken for a
// token.
func isBase(s string) bool {
	o, path, ok := uri.CutOrigin(s)
	if !ok || o.Scheme != "https" && o.Scheme != "http" {
		return false
	}
	base := []byte(path)
	return path == "" || uri.IsServed(base) && uri.Tilde(base) == 0 &&
		!strings.HasSuffix(path, "/") && len(base) <= uri.MaxTarget/4
}
