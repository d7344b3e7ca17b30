package scheme

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Verifier says what the URLs of a CDN with a foreign scheme contain, and whether they are good:
// for people who look for a mistake, and not for edges, since it makes its signers for each URL.
type Verifier struct {
	scheme *Scheme
	cdn    CDN
}

// NewVerifier makes a verifier of a CDN that [Scheme.New] takes.
func NewVerifier(s *Scheme, c CDN) *Verifier {
	c.Options = maps.Clone(c.Options)
	delete(c.Options, CookieOption) // a URL with a token is read as if there were no cookies
	return &Verifier{s, c}
}

// Verify reads the path and query r.URI. A good URL is one that the CDN's keys sign again with the
// same bytes, for a client and at a time that its token allows. Signatures of private keys are
// verified with the public key. The reasons are those of [token.Keys.Verify] in their order, but
// for the path, which here also has to be one that the token states; there is no leeway, since CDNs
// have none. The reading is nil where there is no token to be read.
func (v *Verifier) Verify(r token.Request) (*Reading, error) {
	reading, err := v.read(string(r.URI))
	if reading == nil {
		return nil, err
	}
	reading.Scheme = v.scheme.Name
	own, isBelow := strings.CutPrefix(reading.Opens, v.base())
	if reading.IsDirectory {
		reading.Claims.Depth = max(strings.Count(own, "/")-1, 0)
	}
	client := r.Client.Unmap()
	if client.Zone() != "" {
		client = netip.Addr{}
	}
	ip := reading.Claims.IP
	switch {
	case err != nil:
	case v.isRepeated(reading):
		err = token.ErrAmbiguous
	case ip.IsValid() && !ip.Contains(client) || reading.isBound && !client.IsValid():
		err = token.ErrIP
	case !uri.Check(r.URI) || !reading.covers():
		err = token.ErrPath
	case reading.IsDirectory && (!isBelow || reading.Claims.Depth == 0):
		err = ErrUnlike
	default:
		err = v.sign(reading, client)
	}
	switch {
	case err != nil:
	case !reading.endless && r.Now > int64(reading.Claims.Expiry):
		err = token.ErrExpired
	case r.Now < int64(reading.Claims.NotBefore):
		err = token.ErrNotYet
	}
	return reading, err
}

func (v *Verifier) base() string {
	_, base := v.cdn.cut()
	return base
}

// read reads a URL with the key that it names.
func (v *Verifier) read(target string) (reading *Reading, err error) {
	var signatures *Signatures
	if v.scheme.Private != nil { // those of a URL that is read are not to be found by other URLs
		signatures = NewSignatures(DefaultSignatures)
	}
	for _, key := range v.cdn.Keys {
		c := v.cdn
		c.Keys, c.Signatures = []Key{key}, signatures
		signer, err := v.scheme.New(&c)
		if err != nil {
			return nil, err
		}
		reader, ok := signer.(Reader)
		if !ok {
			return nil, ErrUnlike
		}
		reading, err = reader.Read(target)
		if reading == nil || err != nil || reading.Key == "" || reading.Key == key.ID {
			if reading != nil && reading.signer == nil {
				reading.signer = signer
			}
			return reading, err
		}
	}
	return reading, token.ErrUnknownKey
}

// isRepeated reports whether there is one more token, or a part of one.
func (v *Verifier) isRepeated(r *Reading) bool {
	for _, name := range v.scheme.Reserved(v.cdn.Options) {
		if uri.HasParameter([]byte(r.Query), name) {
			return true
		}
	}
	path := strings.ToLower(r.Path)
	return slices.ContainsFunc(v.scheme.ReservedSegments(v.cdn.Options), func(name string) bool {
		return strings.Contains(path, "/"+name+"=")
	})
}

// sign signs what was read again, and compares. Where the URL does not state what it is bound to,
// whatever it can be is tried. What is found stands in the claims.
func (v *Verifier) sign(r *Reading, client netip.Addr) error {
	query := r.Query
	if r.anyQuery {
		query = ""
	}
	own, ok := strings.CutPrefix(r.Path, v.base())
	source := &uri.Source{}
	if _, err := source.Parse([]byte(join(own, query, "")), nil); !ok || err != nil {
		return token.ErrPath
	}
	depths := []int{r.Claims.Depth}
	if r.dirHashed {
		depths = nil
		for depth := min(source.Canonical.Dirs(), token.MaxDepth); depth > 0; depth-- {
			depths = append(depths, depth)
		}
	}
	networks := []netip.Prefix{r.Claims.IP}
	if network := networkOf(client, r.signer.Can()); r.isBound {
		networks[0] = network
	} else if r.mayBind && network.IsValid() {
		networks = append(networks, network)
	}
	for _, network := range networks {
		for _, depth := range depths {
			c := r.Claims
			c.Depth, c.IP = depth, network
			same, err := v.signs(r, source, &c)
			if err != nil {
				return err
			}
			if same {
				r.Claims = c
				if r.dirHashed {
					r.Opens, r.IsDirectory = v.base()+string(directory(source.Path, "", depth)),
						true
				}
				return nil
			}
		}
	}
	if r.mayBind && !client.IsValid() {
		return fmt.Errorf("%w, or it is for an address: say which with -ip", token.ErrSignature)
	}
	return token.ErrSignature
}

// signs reports whether a source with the claims is signed as the URL that was read.
func (v *Verifier) signs(r *Reading, source *uri.Source, c *token.Claims) (bool, error) {
	url, err := r.signer.Append(nil, source, c)
	var miss *Miss
	if errors.As(err, &miss) {
		if !miss.keep(r.signature) {
			return false, nil
		}
		url, err = r.signer.Append(nil, source, c)
	}
	if err != nil {
		return false, err
	}
	origin, _ := v.cdn.cut()
	return subtle.ConstantTimeCompare(url[len(origin):], []byte(r.target)) == 1, nil
}

// networkOf returns the network that stands for a client where a signer can bind URLs to its
// address, else the zero network.
func networkOf(client netip.Addr, can Need) netip.Prefix {
	switch {
	case client.Is4() && can&IPv4 != 0, client.Is6() && can&IPv6Address != 0:
		return netip.PrefixFrom(client, client.BitLen())
	case client.Is6() && can&IPv6 != 0:
		return netip.PrefixFrom(client, 64)
	}
	return netip.Prefix{}
}
