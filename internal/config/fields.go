package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/listen"
	"videotoken/internal/scheme"
)

// config reads the whole file. What it returns is complete only if there are no mistakes.
func (r *reader) config(root *node) *Config {
	c := defaults()
	balance := cdn.RoundRobin
	var cdns []cdn.CDN
	hasCDNs := false
	var adminAt *node
	if !root.isNull() {
		r.mapping(root, "", fields{
			"listen": func(n *node, f string) { c.Listen = r.addresses(n, f) },
			"admin": func(n *node, f string) {
				adminAt = n
				if n.kind != quoted || n.text != "" { // "" is for nowhere
					c.Admin.Address = r.address(n, f)
				} else {
					c.Admin.Address = listen.Address{}
				}
			},
			"admin_key":   func(n *node, f string) { c.Admin.Key = r.hash(n, f) },
			"admin_hosts": func(n *node, f string) { c.Admin.Hosts = r.hosts(n, f) },
			"revocations": func(n *node, f string) { r.revocations(n, f, &c.Revocations) },
			"transport":   func(n *node, f string) { c.Transport, _ = r.choice(n, f, Transports...) },
			"balance": func(n *node, f string) {
				if name, ok := r.choice(n, f, "round-robin", "affinity"); ok {
					balance, _ = cdn.ParseBalance(name)
				}
			},
			"token":    func(n *node, f string) { r.token(n, f, &c.Token) },
			"callers":  func(n *node, f string) { c.Callers = r.callers(n, f) },
			"allow":    func(n *node, f string) { c.Allow = r.paths(n, f) },
			"document": func(n *node, f string) { r.document(n, f, &c.Document) },
			"limits":   func(n *node, f string) { r.limits(n, f, &c.Limits) },
			"cdns": func(n *node, f string) {
				hasCDNs = true
				cdns = r.cdns(n, f)
			},
			"cors": func(n *node, f string) { r.cors(n, f, &c.CORS) },
			"trusted_proxies": func(n *node, f string) {
				r.list(n, f, func(n *node, f string) { r.proxy(n, f, &c.Proxies) })
			},
			"client_address":  func(n *node, f string) { c.ClientAddress, _ = r.choice(n, f, ClientAddresses...) },
			"access_log":      func(n *node, f string) { r.accessLog(n, f, &c.AccessLog) },
			"drain":           func(n *node, f string) { c.Drain, _ = r.duration(n, f, 0, time.Hour) },
			"signature_cache": func(n *node, f string) { c.SignatureCache, _ = r.size(n, f, 1<<20, 1<<36, "") },
		})
	}
	if err := c.Admin.check(); err != nil && len(r.mistakes) == 0 {
		r.fail(adminAt, "admin", "%v", err)
	}
	if !hasCDNs {
		r.fail(nil, "cdns", "is missing: list at least one CDN")
	}
	if r.cookieCDN != "" && !c.CORS.Credentials {
		r.fail(nil, "cors.credentials", "must be true: the CDN %s has cookies, which browsers take only from requests with credentials", r.cookieCDN)
	}
	if len(r.mistakes) > 0 {
		return nil
	}
	var err error
	if c.CDNs, err = cdn.New(balance, cdns); err != nil {
		r.fail(nil, "cdns", "%v", err)
	} else if c.Token.Renew > 0 && !slices.ContainsFunc(c.CDNs.All(), canRenew) {
		r.fail(nil, "token.renew", "cannot be: no CDN that is picked has a scheme that can renew; remove it, or add a CDN of the scheme %s", scheme.Default)
	}
	c.Warnings = r.warnings
	return c
}

// canRenew reports whether a CDN gets tokens that can be renewed.
func canRenew(c cdn.CDN) bool { return c.Weight > 0 && c.Signer.Can()&scheme.Renewal != 0 }

// maxTTL is the longest life of a token that is accepted: ten years.
const maxTTL = 10 * 365 * 24 * time.Hour

func (r *reader) token(n *node, field string, t *Token) {
	var ttl, renew *node
	read := func(to *time.Duration, least, most time.Duration) func(*node, string) {
		return func(n *node, f string) {
			if d, ok := r.duration(n, f, least, most); ok {
				*to = d
			}
		}
	}
	r.mapping(n, field, fields{
		"ttl": func(n *node, f string) {
			ttl = n
			read(&t.TTL, time.Second, maxTTL)(n, f)
		},
		"max_ttl": read(&t.MaxTTL, time.Second, maxTTL),
		"round":   read(&t.Round, time.Second, maxTTL),
		"leeway":  read(&t.Leeway, 0, time.Hour),
		"renew": func(n *node, f string) {
			renew = n
			read(&t.Renew, 0, maxTTL)(n, f)
		},
		"max_renew":   read(&t.MaxRenew, 0, maxTTL),
		"renew_grace": read(&t.RenewGrace, 0, 24*time.Hour),
	})
	if t.Renew > t.MaxRenew {
		if renew != nil {
			r.warnings = append(r.warnings, fmt.Sprintf("%s.renew: %v is above max_renew, %v, and is lowered to it", field, t.Renew, t.MaxRenew))
		}
		t.Renew = t.MaxRenew
	}
	if t.TTL > t.MaxTTL {
		if ttl != nil {
			r.warnings = append(r.warnings, fmt.Sprintf("%s.ttl: %v is above max_ttl, %v, and is lowered to it", field, t.TTL, t.MaxTTL))
		}
		t.TTL = t.MaxTTL
	}
}

func (r *reader) accessLog(n *node, field string, a *AccessLog) {
	r.mapping(n, field, fields{
		"sample": func(n *node, f string) {
			sample, _ := r.number(n, f, 0, 1_000_000_000)
			a.Sample = int(sample)
		},
		"addresses": func(n *node, f string) { a.Addresses = r.boolean(n, f) },
	})
}

func (r *reader) limits(n *node, field string, l *Limits) {
	r.mapping(n, field, fields{
		"body": func(n *node, f string) {
			size, _ := r.size(n, f, 1<<10, 16<<20, "")
			l.Body = int(size)
		},
		"urls": func(n *node, f string) {
			count, _ := r.number(n, f, 1, 65_536)
			l.URLs = int(count)
		},
		"connections": func(n *node, f string) {
			count, _ := r.number(n, f, 1, 10_000_000)
			l.Connections = int(count)
		},
		"memory": func(n *node, f string) {
			if l.Memory = 0; n.text != "auto" {
				l.Memory, _ = r.size(n, f, 1<<20, 1<<40, "auto or ")
			}
		},
	})
}

func (r *reader) proxy(n *node, field string, to *Proxies) {
	s, ok := r.text(n, field)
	if !ok {
		return
	}
	if s == "unix" {
		to.Unix = true
		return
	}
	p, err := netip.ParsePrefix(s)
	if a, e := netip.ParseAddr(s); e == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil || p.Addr().Is4In6() {
		r.fail(n, field, `must be an address, a prefix in CIDR form such as "10.0.0.0/8", or "unix" for peers at Unix sockets`)
		return
	}
	to.Networks = append(to.Networks, p.Masked())
}
