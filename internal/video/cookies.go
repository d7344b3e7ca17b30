package video

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"videotoken/internal/cdn"
	"videotoken/internal/document"
	"videotoken/internal/scheme"
	"videotoken/token"
)

// opened is a directory that a CDN opens with cookies: the one of source i.
type opened struct {
	cdn    *cdn.CDN
	source int
	cookie []string // the values of Set-Cookie, once they are made
	path   string
	names  []string
}

// open notes that a CDN opens the directory of source i with cookies. A directory inside another
// one needs no cookies of its own.
func (r *request) open(c *cdn.CDN, i int) {
	scope := r.scopeOf(i)
	kept := r.opened[:0]
	for _, o := range r.opened {
		if o.cdn != c {
			kept = append(kept, o)
			continue
		}
		other := r.scopeOf(o.source)
		if bytes.HasPrefix(scope, other) {
			return // whatever is in scope was dropped already
		}
		if !bytes.HasPrefix(other, scope) {
			kept = append(kept, o)
		}
	}
	r.opened = append(kept, opened{cdn: c, source: i})
}

// scopeOf returns the directory of source i, with the slash at its end.
func (r *request) scopeOf(i int) []byte {
	// the depth is the path's own, or of a scope around it
	scope, _ := r.sources[i].Canonical.Scope(r.sources[i].depth)
	return scope
}

// cookies returns the values of Set-Cookie that open the answer's directories. Signatures that are
// not made yet are misses of the request.
func (r *request) cookies() ([]string, error) {
	var all []string
	for n := range r.opened {
		o := &r.opened[n]
		if err := r.bake(o); err != nil {
			return nil, r.sourceError(o.source, err)
		}
		for _, other := range r.opened[:n] {
			if name := o.clash(&other); name != "" {
				return nil, document.Errorf(r.document.Pointer(o.source),
					"is opened by the cookie %s of the CDN %s, which would replace the one of "+
						"the CDN %s for %s: ask for the videos one by one, or for one CDN "+
						"with token.cdn",
					name, o.cdn.Name, other.cdn.Name, r.document.Pointer(other.source))
			}
		}
		all = append(all, o.cookie...)
	}
	return all, nil
}

// bake makes the cookies of a directory, of the window before where the signature is not made yet.
func (r *request) bake(o *opened) error {
	source := &r.sources[o.source]
	claims := r.claims
	claims.Depth = source.depth
	path, cookies, err := o.cdn.Signer.(scheme.CookieSigner).Cookies(&source.Source, &claims)
	var miss *scheme.Miss
	if errors.As(err, &miss) {
		before, ok := r.lastWindow(claims)
		if ok {
			path, cookies, err = o.cdn.Signer.(scheme.CookieSigner).Cookies(&source.Source, &before)
		}
		if !ok || err != nil {
			r.misses = append(r.misses, miss)
			return nil
		}
		claims = before
		r.useLastWindow(miss, &before)
	}
	if err != nil {
		return err
	}
	o.path = path
	for _, c := range cookies {
		o.names = append(o.names, c.Name)
		o.cookie = append(o.cookie,
			setCookie(c, o.cdn.CookieDomain, path, int64(claims.Expiry)-r.now))
	}
	return nil
}

// setCookie returns the value of Set-Cookie (RFC 6265, section 4.1). SameSite=None, since the page
// and the CDN are on other sites than the service may be.
func setCookie(c scheme.Cookie, domain, path string, maxAge int64) string {
	return c.Name + "=" + c.Value + "; Max-Age=" + strconv.FormatInt(maxAge, 10) + "; Domain=" +
		domain +
		"; Path=" + path + "; Secure; HttpOnly; SameSite=None"
}

// clash returns the name of a cookie that a browser would send for both directories, "" for none.
func (o *opened) clash(other *opened) string {
	if o.cdn == other.cdn ||
		!isWithin(o.cdn.CookieDomain, other.cdn.CookieDomain) &&
			!isWithin(other.cdn.CookieDomain, o.cdn.CookieDomain) ||
		!strings.HasPrefix(o.path, other.path) && !strings.HasPrefix(other.path, o.path) {
		return ""
	}
	for _, a := range o.names {
		for _, b := range other.names {
			if a == b {
				return a
			}
		}
	}
	return ""
}

// isWithin reports whether a domain is another one, or one of its subdomains.
func isWithin(domain, parent string) bool {
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}

// lastWindow returns the claims of the window before. It reports false where its tokens are not
// good any more, or not yet.
func (r *request) lastWindow(claims token.Claims) (token.Claims, bool) {
	claims.Expiry -= uint32(r.step)
	return claims, int64(claims.Expiry) > r.now && claims.Expiry > claims.NotBefore
}

// useLastWindow notes that a signature of the window before serves in place of a miss, which is
// made in the background.
func (r *request) useLastWindow(miss *scheme.Miss, claims *token.Claims) {
	miss.Ahead()
	r.expiry = min(r.expiry, int64(claims.Expiry))
}
