package video

import (
	"math"
	"net/netip"
	"strings"
	"unsafe"

	"videotoken/internal/document"
	"videotoken/internal/revoked"
	"videotoken/token"
)

// claim computes what the tokens of a request say: the signer's policy, narrowed by the request's
// options. The depth is missing, which each source has for itself.
func (s *Signer) claim(r *request) (err error) {
	d, c, maxTTL := &r.document, &r.claims, s.maxTTL(r.caller)
	o := &d.Options
	*c, r.standing = token.Claims{}, standing{}
	ttl := min(s.TTL, maxTTL)
	if !o.TTL.IsAbsent() {
		if ttl, err = integer(d.Bytes(o.TTL), "/token/ttl", 1, maxTTL); err != nil {
			return err
		}
	}
	r.step = s.step(ttl)
	expiry := expiry(r.now, ttl, maxTTL, r.step)
	if expiry > math.MaxUint32 {
		return document.Errorf("/token/ttl",
			"is too long: a token cannot express an expiry after 2106-02-07")
	}
	r.expiry, c.Expiry = expiry, uint32(expiry)
	if !o.NotBefore.IsAbsent() {
		t, err := integer(d.Bytes(o.NotBefore), "/token/notBefore", 0, math.MaxUint32)
		if err != nil {
			return err
		}
		if t >= expiry {
			return document.Errorf("/token/notBefore", "is not before the token's expiry, %d: "+
				"choose an earlier time or a longer ttl", expiry)
		}
		c.NotBefore = uint32(t)
	}
	if !o.IP.IsAbsent() {
		if c.IP, err = network(d, o.IP); err != nil {
			return err
		}
	}
	if !o.Session.IsAbsent() {
		if c.Session, err = session(d, o.Session); err != nil {
			return err
		}
		c.HasSession = true
	}
	if !o.Renew.IsAbsent() || s.RenewFor > 0 && c.HasSession {
		return s.renewal(r, ttl)
	}
	return nil
}

// renewal adds to the claims of a request, or to what its tokens have where CDNs can express it,
// until when they are renewed. That time is rounded as an expiry is.
func (s *Signer) renewal(r *request, ttl int64) (err error) {
	d, c, most := &r.document, &r.claims, s.maxRenew(r.caller)
	o := &d.Options
	renew := min(s.RenewFor, most)
	if !o.Renew.IsAbsent() {
		if most == 0 {
			return document.Errorf("/token/renew",
				"is not possible here: tokens are not renewed, by max_renew")
		}
		if renew, err = integer(d.Bytes(o.Renew), "/token/renew", 1, most); err != nil {
			return err
		}
		if !c.HasSession {
			return document.Errorf(
				"/token/renew", `needs a "session", by which a token that is renewed again and again can be revoked: add one`)
		}
	}
	if renew == 0 {
		return nil // the caller may have no renewal
	}
	until := expiry(r.now, renew, most, r.step)
	if !o.Renew.IsAbsent() {
		c.RenewableUntil, c.TTL = uint32(until), uint32(ttl)
	} else {
		r.standing = standing{uint32(until), uint32(ttl)}
	}
	return nil
}

// step is how far the expiries of two windows are apart: less for a short ttl, so that a token is
// good for at least three quarters of it.
func (s *Signer) step(ttl int64) int64 { return max(1, min(s.Round, ttl/4)) }

// expiry returns now + ttl rounded up to a multiple of step, so that a video's URLs stay the same
// for a while, and players, browsers and CDNs can cache. Where that is later than a token may
// expire, it is rounded down.
func expiry(now, ttl, maxTTL, step int64) int64 {
	latest := min(now+maxTTL, math.MaxUint32)
	expiry := (now + ttl + step - 1) / step * step
	if expiry > latest {
		expiry = (now + ttl) / step * step
	}
	return expiry
}

// integer reads a JSON number that is spelled with digits alone.
func integer(text []byte, pointer string, least, most int64) (int64, error) {
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' || n > most {
			n = -1
			break
		}
		n = n*10 + int64(c-'0')
	}
	if n < least || n > most {
		return 0, document.Errorf(pointer,
			"must be a whole number of seconds from %d to %d, written in digits", least, most)
	}
	return n, nil
}

// session reads a session id.
func session(d *document.Document, v document.Value) (id [8]byte, err error) {
	if d.IsString(v) {
		if id, err = revoked.ParseSession(d.Text(v)); err == nil {
			return id, nil
		}
	}
	return id, document.Errorf("/token/session", "%v", revoked.ErrSession)
}

// network reads an address, which stands for its /32 or its /64, or a prefix in CIDR form (RFC
// 4632).
func network(d *document.Document, v document.Value) (netip.Prefix, error) {
	if d.IsString(v) {
		text := d.Text(v)
		if p, ok := parseNetwork(unsafe.String(unsafe.SliceData(text), len(text))); ok {
			return p, nil
		}
	}
	return netip.Prefix{},
		document.Errorf(
			"/token/ip", `must be a string: an IPv4 or IPv6 address such as "203.0.113.7", or a prefix such as "2001:db8::/64"`)
}

// parseNetwork keeps no part of text, because it refuses zones, the only part that net/netip would
// keep.
func parseNetwork(text string) (p netip.Prefix, ok bool) {
	if strings.IndexByte(text, '%') >= 0 {
		return p, false
	}
	if strings.IndexByte(text, '/') < 0 {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return p, false
		}
		if addr = addr.Unmap(); addr.Is4() {
			return netip.PrefixFrom(addr, 32), true
		}
		return netip.PrefixFrom(addr, 64).Masked(), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
