package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
)

// parts are what the file says that becomes a part of the configuration once all of it is read.
type parts struct {
	balance string
	cdns    []cdn.CDN
	adminAt *node
}

var balances = []string{"round-robin", "affinity"}

// config reads the whole file. What it returns is complete only if there are no mistakes.
func (r *reader) config(root *node) *Config {
	c, p := defaults(), &parts{balance: balances[0]}
	if root.isNull() {
		root = &node{kind: mapping}
	}
	r.mapping(root, "", r.fields(c, p))
	if err := c.Admin.check(); err != nil && len(r.mistakes) == 0 {
		r.fail(p.adminAt, "admin", "%v", err)
	}
	if r.cookieCDN != "" && !c.CORS.Credentials {
		r.fail(nil, "cors.credentials", "must be true: the CDN %s has cookies, which browsers "+
			"take only from requests with credentials", r.cookieCDN)
	}
	if len(r.mistakes) > 0 {
		return nil
	}
	balance, err := cdn.ParseBalance(p.balance)
	if err == nil {
		c.CDNs, err = cdn.New(balance, p.cdns)
	}
	if err != nil {
		r.fail(nil, "cdns", "%v", err)
	} else if c.Token.Renew > 0 && !slices.ContainsFunc(c.CDNs.All(), canRenew) {
		r.fail(nil, "token.renew", "cannot be: no CDN that is picked has a scheme that can "+
			"renew; remove it, or add a CDN of the scheme %s", scheme.Default)
	}
	c.Warnings = r.warnings
	return c
}

// fields are those of the whole file.
func (r *reader) fields(c *Config, p *parts) fields {
	return fields{
		{"listen", "Where the service listens: HOST:PORT, :PORT, unix:/path?mode=0660, or a " +
			"list of them.", r.addresses(&c.Listen)},
		{"admin", "Where the admin endpoints are, such as /metrics and /reload; \"\" for nowhere.",
			r.admin(&c.Admin.Address).at(&p.adminAt)},
		{"admin_key",
			"The hash of the admin's key, which keygen -admin prints; needed where other " +
				"machines reach it.", keyHash(func(_ *node, _ string, h *caller.Hash) {
				c.Admin.Key = h
			})},
		{"admin_hosts", "Hosts that requests to the admin endpoints may name, besides loopback " +
			"addresses.", r.hosts(&c.Admin.Hosts)},
		{"transport", "Who reads the sockets: epoll loops, which need Linux, or fasthttp's own " +
			"server; auto for the best.", choice(&c.Transport, Transports...)},
		{"balance", "How a video's CDN is picked: in turn by weight, or the same one for " +
			"a videoId.", choice(&p.balance, balances...)},
		{"token", "How long tokens are good.", r.token(&c.Token)},
		{"cdns", "The CDNs, each with its URL and its keys.",
			r.cdns(&p.cdns).needed("list at least one CDN")},
		{"document", "What the service looks for in documents.", r.document(&c.Document)},
		{"callers", "Who may ask, by API key; without them whoever reaches the service.",
			r.callers(&c.Callers)},
		{"allow", "The paths that anybody may have signed; all if left out.", r.paths(&c.Allow)},
		{"revocations", "Where revoked sessions are kept; without it none can be revoked.",
			r.revocations(&c.Revocations)},
		{"cors", "Which web pages may ask from a browser.", r.cors(&c.CORS)},
		{"trusted_proxies", "Whose word for a client's address is believed: addresses, " +
			"networks, or unix.", list(0, 0, r.proxy(&c.Proxies))},
		{"client_address", "The one header that a client's address is read from.",
			choice(&c.ClientAddress, ClientAddresses...)},
		{"limits", "What clients may ask for, and hold.", r.limits(&c.Limits)},
		{"signature_cache", "How many bytes of signatures with private keys are kept.",
			size(&c.SignatureCache, 1<<20, 1<<36, false)},
		{"access_log", "Which requests are logged.", r.accessLog(&c.AccessLog)},
		{"drain", "How long the service goes on answering once it is told to end.",
			duration(&c.Drain, 0, time.Hour)},
	}
}

// canRenew reports whether a CDN gets tokens that can be renewed.
func canRenew(c cdn.CDN) bool { return c.Weight > 0 && c.Signer.Can()&scheme.Renewal != 0 }

// maxTTL is the longest life of a token that is accepted: ten years.
const maxTTL = 10 * 365 * 24 * time.Hour

func (r *reader) token(t *Token) value {
	var ttl, renew *node
	return object(fields{
		{"ttl", "The life of a token, where a request does not say.",
			duration(&t.TTL, time.Second, maxTTL).at(&ttl)},
		{"max_ttl", "The longest life of a token.", duration(&t.MaxTTL, time.Second, maxTTL)},
		{"round", "Expiries are rounded up to a multiple of it, so that a video keeps its URLs " +
			"for so long.", duration(&t.Round, time.Second, maxTTL)},
		{"leeway", "How far clocks may differ between this service and an edge.",
			duration(&t.Leeway, 0, time.Hour)},
		{"renew", "How long tokens can be renewed, where a request does not say; 0s for " +
			"not at all.", duration(&t.Renew, 0, maxTTL).at(&renew)},
		{"max_renew", "How long tokens can be renewed at most.", duration(&t.MaxRenew, 0, maxTTL)},
		{"renew_grace", "How long after its end a token can still be renewed.",
			duration(&t.RenewGrace, 0, 24*time.Hour)},
	}).then(func(_ *node, field string) {
		if t.Renew > t.MaxRenew {
			if renew != nil {
				r.warnings = append(r.warnings,
					fmt.Sprintf("%s.renew: %v is above max_renew, %v, and is lowered to it", field,
						t.Renew, t.MaxRenew))
			}
			t.Renew = t.MaxRenew
		}
		if t.TTL > t.MaxTTL {
			if ttl != nil {
				r.warnings = append(r.warnings,
					fmt.Sprintf("%s.ttl: %v is above max_ttl, %v, and is lowered to it", field,
						t.TTL, t.MaxTTL))
			}
			t.TTL = t.MaxTTL
		}
	})
}

func (r *reader) accessLog(a *AccessLog) value {
	return object(fields{
		{"sample", "One of so many requests is logged; 0 for none.",
			number(&a.Sample, 0, 1_000_000_000)},
		{"addresses", "Whether the client's address is logged, too.", boolean(&a.Addresses)},
	})
}

func (r *reader) limits(l *Limits) value {
	return object(fields{
		{"body", "Bytes of a request's body.", size(&l.Body, 1<<10, 16<<20, false)},
		{"urls", "URLs in a request.", number(&l.URLs, 1, 65_536)},
		{"connections", "Connections that are open at a time.",
			number(&l.Connections, 1, 10_000_000)},
		{"memory", "Bytes that unfinished requests hold; auto for a part of what the " +
			"process may use.", size(&l.Memory, 1<<20, 1<<40, true)},
	})
}

func (r *reader) proxy(to *Proxies) value {
	return text(func(n *node, field, s string) {
		if s == "unix" {
			to.Unix = true
			return
		}
		p, err := netip.ParsePrefix(s)
		if a, e := netip.ParseAddr(s); e == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			r.fail(n,
				field, `must be an address, a prefix in CIDR form such as "10.0.0.0/8", or "unix" for peers at Unix sockets`)
			return
		}
		to.Networks = append(to.Networks, p.Masked())
	})
}
