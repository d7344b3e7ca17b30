package config

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
)

// cookies is the domain of the cookies that open a CDN's directories, which checkCookies checks
// once the whole entry is read.
func (r *reader) cookies(c *entry) value {
	domain := text(func(n *node, f, s string) { c.CookieDomain = s })
	return object(fields{
		{"domain", "The domain of the cookies: the CDN's host, or a domain that it is in.",
			domain.at(&c.domainAt).needed("the domain of the cookies, such as example.com")},
	}).then(func(*node, string) { c.options[scheme.CookieOption] = "true" })
}

// checkCookies checks that browsers take cookies of the domain from a page of the CDN, and that
// nobody else's sites have them: RFC 6265, section 5.3, and publicsuffix.org.
func (r *reader) checkCookies(n *node, field, domain, url string) {
	o, path, ok := uri.CutOrigin(url)
	if domain == "" || !ok {
		return // it is a mistake already
	}
	host := strings.ToLower(o.Host)
	suffix, _ := publicsuffix.PublicSuffix(domain)
	_, err := netip.ParseAddr(domain)
	isAddress := err == nil
	switch {
	case !uri.IsHostname(domain) || isAddress || domain != strings.ToLower(domain):
		r.fail(n, field,
			"must be a domain in lower case, without a dot before it, such as example.com")
	case domain != host && !strings.HasSuffix(host, "."+domain):
		r.fail(n, field, "must be the host of the CDN's url, %s, or a domain that it is in", host)
	case suffix == domain:
		r.fail(n, field,
			"is a public suffix, in which anybody may have a site: browsers take no cookies for it")
	case o.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost"):
		r.fail(n, field, "needs a CDN with https: its cookies are Secure")
	case !scheme.IsCookiePath([]byte(path)):
		r.fail(n, field, "needs a base path of letters, digits, \"-\", \".\", \"_\" and \"~\": a "+
			"cookie's path can safely have no other characters")
	}
}
