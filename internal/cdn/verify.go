package cdn

import (
	"errors"
	"fmt"
	"slices"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// Verify is [token.Keys.Verify] with the CDN's keys and base path. What it accepts has the base
// path in its [token.Verified.AppendURI].
func (c *CDN) Verify(r token.Request) (token.Verified, error) {
	r.Base = c.Base()
	return c.Keys.Verify(r)
}

// VerifyURL verifies an absolute URL and ignores r.URI. The URL must begin with that of a CDN of
// our own schemes, and of several CDNs the one that knows the token's key decides. What it accepts
// has no base path in its [token.Verified.AppendRenewed]. The error is a [token.Error].
func (s *Set) VerifyURL(url []byte, r token.Request) (c *CDN, v token.Verified, err error) {
	err = token.ErrPath
	for i := range s.cdns {
		c := &s.cdns[i]
		if len(c.Keys) == 0 || len(url) > 0 && url[0] == '/' {
			continue
		}
		rest, foreign := c.origin.Cut(url)
		if foreign != nil {
			continue
		}
		r.URI = rest
		if v, err = c.Keys.Verify(r); err != token.ErrUnknownKey {
			return c, v, err
		}
	}
	return nil, token.Verified{}, err
}

// Verify verifies a signed URL, or the path and query of one, in r.URI. With a name it answers what
// the edge of that CDN is answered, whichever of the CDNs' hosts the URL has. Without a name, it
// uses the keys of the CDN whose URL r.URI starts with, and tries every CDN's for a path. The error
// is a [token.Error] where the token was refused, and otherwise says why there was no CDN to ask.
func (s *Set) Verify(name string, r token.Request) (token.Verified, error) {
	url := r.URI
	err := fmt.Errorf("%q is not on any of the configuration's CDNs, and not a path", url)
	named := s.Lookup(name)
	if name != "" && named == nil {
		return token.Verified{}, fmt.Errorf("cdn %q: the configuration has no such CDN", name)
	}
	for i := range s.cdns {
		c := &s.cdns[i]
		if len(c.Keys) == 0 {
			continue // its tokens are for its CDN to verify
		}
		target, elsewhere := cut(c.host, url)
		if elsewhere != nil {
			continue
		}
		r.URI = target
		if named != nil {
			return named.Verify(r)
		}
		if _, elsewhere := cut(c.origin, url); elsewhere != nil {
			continue // another base path
		}
		v, refused := c.Verify(r)
		if refused == nil {
			return v, nil
		}
		// Of several CDNs, the one that knows the key says what is wrong.
		if token.Reason(err) == "" || errors.Is(err, token.ErrUnknownKey) {
			err = refused
		}
	}
	return token.Verified{}, err
}

// Read says what a signed URL in r.URI contains, or the path and query of one, of any scheme. It is
// [Set.Verify] where a CDN of our own schemes accepts it, and else [scheme.Verifier.Verify] of each
// CDN of a foreign scheme that has the URL's host; with a name, of that CDN alone. Where several
// have it, the one that accepts it decides, else the one that got furthest. Says is "" where no
// token of a foreign scheme was found and none of ours was accepted.
func (s *Set) Read(name string, r token.Request) (says string, err error) {
	named := s.Lookup(name)
	if named == nil || len(named.Keys) > 0 {
		v, refused := s.Verify(name, r)
		if refused == nil {
			return v.String(), nil
		}
		err = refused
	}
	for i := range s.cdns {
		c := &s.cdns[i]
		if c.Verifier == nil || name != "" && c != named {
			continue
		}
		target, elsewhere := cut(c.host, r.URI)
		if elsewhere != nil {
			if err == nil {
				err = fmt.Errorf("%q is not on the CDN %s, and not a path", r.URI, c.Name)
			}
			continue
		}
		one := r
		one.URI = target
		reading, refused := c.Verifier.Verify(one)
		if err == nil || refused == nil || progress(refused) > progress(err) {
			if says, err = "", refused; reading != nil {
				says = string(token.AppendField(nil, "cdn", c.Name)) + reading.String()
			}
		}
		if refused == nil {
			break
		}
	}
	return says, err
}

// cut returns what follows an origin in an absolute URL, and a path as it is. What starts with "//"
// counts as a path, which is refused for its empty segment: a viewer asks for a whole URL.
func cut(origin *uri.Origins, url []byte) ([]byte, error) {
	if len(url) > 0 && url[0] == '/' {
		return url, nil
	}
	return origin.Cut(url)
}

// refusals are the reasons for which a CDN refuses a URL, from those of CDNs that it is hardly for
// to those that only the right key can find.
var refusals = []error{
	token.ErrMissing, token.ErrPath, token.ErrMalformed, token.ErrVersion, scheme.ErrUnlike,
	scheme.ErrPlace,
	token.ErrAmbiguous, token.ErrUnknownKey, token.ErrIP, token.ErrSignature, token.ErrExpired,
	token.ErrNotYet, token.ErrRevoked,
}

// progress returns how far the CDN came that refused a URL, -1 where it did not look at it.
func progress(err error) int {
	return slices.IndexFunc(refusals, func(reason error) bool { return errors.Is(err, reason) })
}
