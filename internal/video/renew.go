package video

import (
	"bytes"
	"net/netip"
	"slices"

	"videotoken/internal/cdn"
	"videotoken/internal/revoked"
	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// ErrNotRenewable is why the token of a URL is good, and yet not renewed.
const ErrNotRenewable = token.Error("not-renewable")

// MaxRenewals is how many URLs a request for renewal may have.
const MaxRenewals = 64

// Renewal is a request for new tokens in the place of old ones.
type Renewal struct {
	Body   []byte
	Now    int64      // Unix seconds
	Client netip.Addr // the client's address, which only tokens bound to one need
}

// Refused is the error of a URL whose token is not renewed.
type Refused struct {
	Reason  token.Error
	Pointer string // the JSON pointer of the URL
}

func (r *Refused) Error() string { return r.Pointer + ": " + r.Reason.Error() }

// Renew appends the request's JSON to dst, each URL with a new token of the same claims, which
// expires later: docs/DESIGN.md, section 5. The old token is the credential. An error is an
// [*Error], a [*Refused] or [revoked.ErrNotLoaded], and dst is then returned as it came. Renew
// allocates only for errors.
func (s *Signer) Renew(dst []byte, q Renewal) (Answer, error) {
	r := requests.Get().(*request)
	out, err := s.renew(dst, q, r)
	answer := Answer{Body: out, MaxAge: r.expiry - q.Now, CDN: r.renewed}
	r.reset()
	requests.Put(r)
	if err != nil {
		return Answer{Body: dst}, err
	}
	return answer, nil
}

func (s *Signer) renew(dst []byte, q Renewal, r *request) ([]byte, error) {
	d := &r.document
	if err := d.ReadURLs(q.Body, MaxRenewals); err != nil {
		return nil, err
	}
	r.expiry = 0
	for i, u := range d.URLs() {
		dst = d.AppendBefore(dst, i)
		var err error
		if dst, err = s.appendRenewed(dst, d.Text(u.Value), q, r); err == revoked.ErrNotLoaded {
			return nil, err
		} else if err != nil {
			return nil, &Refused{err.(token.Error), d.Pointer(i)}
		}
	}
	return d.AppendRest(dst), nil
}

// appendRenewed appends one URL. The error is a [token.Error] or [revoked.ErrNotLoaded].
func (s *Signer) appendRenewed(dst, url []byte, q Renewal, r *request) ([]byte, error) {
	url, fragment, _ := bytes.Cut(url, []byte("#"))
	if !uri.CheckQuery(fragment) {
		return dst, token.ErrPath
	}
	c, v, err := s.CDNs.VerifyURL(url,
		token.Request{Now: q.Now, Leeway: s.RenewGrace, Client: q.Client, Revoked: s.isRevoked})
	if err != nil {
		return dst, err
	}
	if v.Claims.HasSession && s.Revoked != nil && !s.Revoked.Loaded() {
		return dst, revoked.ErrNotLoaded
	}
	start := len(r.paths)
	if r.paths, err = uri.Canonical(r.paths, v.Path); err != nil {
		return dst, token.ErrPath
	}
	path := uri.Path(r.paths[start:])
	claims := v.Claims
	until, ok := s.renewedUntil(c, &v, path, q.Now)
	if !ok {
		return dst, ErrNotRenewable
	}
	claims.Expiry = uint32(until)
	if r.expiry == 0 || until < r.expiry {
		r.expiry = until
	}
	if r.renewed == nil {
		r.renewed = c
	}
	if dst, err = v.AppendRenewed(append(dst, c.URL...), c.Keys[0], &claims, path); err != nil {
		return dst, ErrNotRenewable // its claims cannot be signed
	}
	if claims.Depth > 0 && len(fragment) > 0 {
		dst = uri.AppendFragment(append(dst, '#'), fragment)
	}
	return dst, nil
}

// renewedUntil returns when a renewed token expires. It reports false for a token that is not
// renewed: one without the claim, whose time is over or too far away, of a key that does not renew,
// or for what is not signed any more.
func (s *Signer) renewedUntil(c *cdn.CDN, v *token.Verified, path uri.Path,
	now int64) (int64, bool) {
	last, ttl := int64(v.Claims.RenewableUntil), min(int64(v.Claims.TTL), s.MaxTTL)
	if ttl <= 0 || now > last || last > now+s.MaxRenew ||
		slices.Contains(c.Unrenewed, v.Key) || !s.Allow.Allows(path, v.Claims.Depth) {
		return 0, false
	}
	return min(last, expiry(now, ttl, s.MaxTTL, s.step(ttl))), true
}

// isRevoked reports whether a session is over.
func (s *Signer) isRevoked(session [8]byte) bool {
	return s.Revoked != nil && s.Revoked.Has(session)
}

// standing is the renewal that tokens have where the request asks for none: on the CDNs that can
// express it.
type standing struct{ until, ttl uint32 }

// addTo gives the claims the renewal, if there is one and the CDN can express it.
func (w standing) addTo(claims *token.Claims, c *cdn.CDN) {
	if w.until != 0 && c.Signer.Can()&scheme.Renewal != 0 {
		claims.RenewableUntil, claims.TTL = w.until, w.ttl
	}
}

// removeFrom takes the renewal away again, before the next video's CDN is chosen by its needs.
func (w standing) removeFrom(claims *token.Claims) {
	if w.until != 0 {
		claims.RenewableUntil, claims.TTL = 0, 0
	}
}
