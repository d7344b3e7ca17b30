package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"videotoken/internal/cdn"
	"videotoken/internal/server"
)

// config reads the whole file.
func (r *reader) config(data []byte) *Config {
	c := defaults()
	balance := cdn.RoundRobin
	var cdns []cdn.CDN
	hasCDNs := false
	root := r.root(data)
	if root == nil && len(r.mistakes) > 0 {
		return nil
	}
	if root != nil {
		r.mapping(root, "", fields{
			"listen": func(n ast.Node, f string) { r.address(n, f, &c.Listen) },
			"admin":  func(n ast.Node, f string) { r.address(n, f, &c.Admin) },
			"transport": func(n ast.Node, f string) {
				name, _ := r.choice(n, f, string(server.Auto), string(server.Epoll), string(server.FastHTTP))
				c.Transport = server.Transport(name)
			},
			"balance": func(n ast.Node, f string) {
				if name, ok := r.choice(n, f, "round-robin", "affinity"); ok {
					balance, _ = cdn.ParseBalance(name)
				}
			},
			"token": func(n ast.Node, f string) { r.token(n, f, &c.Token) },
			"cdns": func(n ast.Node, f string) {
				hasCDNs = true
				cdns = r.cdns(n, f)
			},
			"cors":            func(n ast.Node, f string) { r.cors(n, f, c) },
			"trusted_proxies": func(n ast.Node, f string) { r.list(n, f, func(n ast.Node, f string) { r.proxy(n, f, c) }) },
		})
	}
	if !hasCDNs {
		r.fail(nil, "cdns", "is missing: list at least one CDN")
	}
	if len(r.mistakes) > 0 {
		return nil
	}
	var err error
	if c.CDNs, err = cdn.New(balance, cdns); err != nil {
		r.fail(nil, "cdns", "%v", err)
	}
	c.Warnings = r.warnings
	return c
}

func (r *reader) address(n ast.Node, field string, to *string) {
	s, ok := r.text(n, field)
	if !ok {
		return
	}
	if err := checkAddress(s); err != nil && (s != "" || field != "admin") {
		r.fail(n, field, "%v", err)
		return
	}
	*to = s
}

// checkAddress reports what is wrong with an address to listen on.
func checkAddress(s string) error {
	if _, port, err := net.SplitHostPort(s); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return nil
		}
	}
	return errAddress
}

var errAddress = errors.New("must be HOST:PORT, or :PORT for every interface, with a port from 0 to 65535")

// longest is the longest life of a token that is accepted: ten years.
const longest = 10 * 365 * 24 * time.Hour

func (r *reader) token(n ast.Node, field string, t *Token) {
	at := map[string]ast.Node{}
	wrong := false
	read := func(to *time.Duration, least, most time.Duration) func(ast.Node, string) {
		return func(n ast.Node, f string) {
			at[f] = n
			if d, ok := r.duration(n, f, least, most); ok {
				*to = d
			} else {
				wrong = true
			}
		}
	}
	r.mapping(n, field, fields{
		"ttl":     read(&t.TTL, time.Second, longest),
		"max_ttl": read(&t.MaxTTL, time.Second, longest),
		"round":   read(&t.Round, time.Second, longest),
		"leeway":  read(&t.Leeway, 0, time.Hour),
	})
	if t.TTL > t.MaxTTL && !wrong {
		node, f := at["token.ttl"], "token.ttl"
		if node == nil {
			node, f = at["token.max_ttl"], "token.max_ttl"
		}
		r.fail(node, f, "ttl, %v, is above max_ttl, %v: lower one or raise the other", t.TTL, t.MaxTTL)
	}
}

func (r *reader) cors(n ast.Node, field string, c *Config) {
	r.mapping(n, field, fields{"origins": func(n ast.Node, f string) {
		r.list(n, f, func(n ast.Node, f string) {
			s, ok := r.text(n, f)
			if !ok {
				return
			}
			if s != "*" && !isOrigin(s) {
				r.fail(n, f, `must be "*" or an origin as a browser sends it, such as "https://player.example": lower case, without a path, and without the scheme's own port`)
				return
			}
			c.Origins = append(c.Origins, s)
		})
		if slices.Contains(c.Origins, "*") && len(c.Origins) > 1 {
			r.fail(n, f, `"*" allows every origin: remove it or the others`)
		}
	}})
}

// isOrigin reports whether s is the serialization of an http or https origin (RFC 6454, section 6.2).
func isOrigin(s string) bool {
	u, ok := parseBase(s)
	return ok && s == strings.ToLower(s) &&
		!(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80")
}

// parseBase parses a URL that is a scheme, http or https, and a host, and nothing else.
func parseBase(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || s != u.Scheme+"://"+u.Host {
		return nil, false
	}
	for _, c := range []byte(u.Host) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._:[]", c) >= 0) {
			return nil, false
		}
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if p, err := strconv.ParseUint(port, 10, 16); err != nil || p == 0 {
			return nil, false
		}
	}
	return u, true
}

func (r *reader) proxy(n ast.Node, field string, c *Config) {
	s, ok := r.text(n, field)
	if !ok {
		return
	}
	p, err := netip.ParsePrefix(s)
	if a, e := netip.ParseAddr(s); e == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil || p.Addr().Is4In6() {
		r.fail(n, field, `must be an address or a prefix in CIDR form, such as "10.0.0.0/8"`)
		return
	}
	c.TrustedProxies = append(c.TrustedProxies, p.Masked())
}
