package cdn

import (
	"errors"
	"fmt"
	"strings"

	"videotoken/token"
)

// Verify is [token.Keys.Verify] with the CDN's keys and base path. What it accepts has the base path in its
// [token.Verified.AppendURI].
func (c *CDN) Verify(r token.Request) (token.Verified, error) {
	r.Base = c.Base()
	return c.Keys.Verify(r)
}

// Verify verifies a signed URL, or the path and query of one, in r.URI. The CDN is the one with the given name; without
// a name, one whose URL it starts with, and for a path any. The error is a [token.Error] where the token was refused,
// and otherwise says why there was no CDN to ask.
func (s *Set) Verify(name string, r token.Request) (token.Verified, error) {
	uri := string(r.URI)
	err := fmt.Errorf("%q is not on any of the configuration's CDNs, and not a path", uri)
	if name != "" {
		if s.Lookup(name) == nil {
			return token.Verified{}, fmt.Errorf("cdn %q: the configuration has no such CDN", name)
		}
		err = fmt.Errorf("%q is neither on the CDN %s nor a path", uri, name)
	}
	for i := range s.cdns {
		c := &s.cdns[i]
		if name != "" && name != c.Name {
			continue
		}
		target := uri
		if !strings.HasPrefix(uri, "/") {
			if !strings.HasPrefix(uri, c.URL+"/") {
				continue
			}
			target = uri[len(c.URL)-len(c.Base()):]
		}
		r.URI = []byte(target)
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
