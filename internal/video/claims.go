package video

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strings"
	"unsafe"

	"videotoken/token"
)

// claims is what the tokens of a document say: the signer's policy, narrowed by the member `token`. The depth is each
// source's own.
func (s *Signer) claims(d *document, now int64) (c token.Claims, err error) {
	o := &d.options
	ttl := min(s.TTL, s.MaxTTL)
	if !o.ttl.absent() {
		if ttl, err = d.integer(o.ttl, "/token/ttl", 1, s.MaxTTL); err != nil {
			return c, err
		}
	}
	expiry := s.expiry(now, ttl)
	if expiry > math.MaxUint32 {
		return c, failf("/token/ttl", "is too long: tokens expire before 2106-02-07")
	}
	c.Expiry = uint32(expiry)
	if !o.notBefore.absent() {
		t, err := d.integer(o.notBefore, "/token/notBefore", 0, math.MaxUint32)
		if err != nil {
			return c, err
		}
		if t >= expiry {
			return c, failf("/token/notBefore", "is not before the token's expiry, %d: choose an earlier time or a longer ttl", expiry)
		}
		c.NotBefore = uint32(t)
	}
	if !o.ip.absent() {
		if c.IP, err = d.network(o.ip, "/token/ip"); err != nil {
			return c, err
		}
	}
	if !o.session.absent() {
		text, ok := d.string(o.session)
		if n, err := hex.Decode(c.Session[:], text[:min(len(text), 16)]); !ok || err != nil || n != len(c.Session) || len(text) != 16 {
			return c, failf("/token/session", "must be a string of 16 hexadecimal digits")
		}
		c.HasSession = true
	}
	return c, nil
}

// expiry is now + ttl rounded up, so that the same video gets the same URLs within a window, and players, browsers and
// CDNs can cache. Where that passes now + MaxTTL it is rounded down. The step is Round, or a quarter of a shorter ttl.
func (s *Signer) expiry(now, ttl int64) int64 {
	step := min(s.Round, max(1, ttl/4))
	rounded := (now + ttl + step - 1) / step * step
	if rounded > now+s.MaxTTL {
		rounded = (now + s.MaxTTL) / step * step
	}
	return rounded
}

// integer reads a JSON number that is spelled as digits only.
func (d *document) integer(s span, pointer string, least, most int64) (int64, error) {
	n := int64(0)
	for _, c := range d.body[s.start:s.end] {
		if c < '0' || c > '9' || n > most {
			n = -1
			break
		}
		n = n*10 + int64(c-'0')
	}
	if n < least || n > most {
		return 0, failf(pointer, "must be a whole number of seconds from %d to %d, written in digits", least, most)
	}
	return n, nil
}

// string is the value of a string; it reports false for a value of another kind.
func (d *document) string(s span) ([]byte, bool) {
	if d.body[s.start] != '"' {
		return nil, false
	}
	return d.unquote(&d.text, s), true
}

// network reads an address, whose network is its /32 or its /64, or a prefix in CIDR form (RFC 4632).
func (d *document) network(s span, pointer string) (netip.Prefix, error) {
	value, ok := d.string(s)
	text := unsafe.String(unsafe.SliceData(value), len(value)) // net/netip keeps no part of an address without a zone
	if ok && strings.IndexByte(text, '%') < 0 {
		if strings.IndexByte(text, '/') < 0 {
			if addr, err := netip.ParseAddr(text); err == nil {
				if addr = addr.Unmap(); addr.Is4() {
					return netip.PrefixFrom(addr, 32), nil
				}
				return netip.PrefixFrom(addr, 64).Masked(), nil
			}
		} else if p, err := netip.ParsePrefix(text); err == nil {
			if !p.Addr().Is4In6() {
				return p.Masked(), nil
			}
			if p.Bits() >= 96 {
				return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Masked(), nil
			}
		}
	}
	return netip.Prefix{}, failf(pointer, `must be a string: an IPv4 or IPv6 address such as "203.0.113.7", or a prefix such as "2001:db8::/64"`)
}
