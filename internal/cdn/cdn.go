// Package cdn has the CDNs that videos are balanced over: which one serves a video, which of them
// can express what the video needs, and the keys that they know.
//
// Most callers want [New], then [Set.Pick] once a video and the CDN's Signer for each of its URLs.
// Where a CDN has a foreign scheme, [Set.Keep] comes before, and [Set.PickAmong] in place of Pick.
// An edge's question is answered by [CDN.Verify], and a person's, about a URL of any scheme, by
// [Set.Read].
package cdn

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// CDN is one CDN.
type CDN struct {
	Name string
	URL  string // scheme, host and base path, without a slash at the end
	// its share of the videos, relative to the other CDNs' weights; 0: verified, never picked
	Weight int
	Keys   token.Keys // all of them verify, none for a CDN of a foreign scheme; the first signs

	// KeyID is the name of the key of a foreign scheme that signs, "" where it has no names for
	// keys.
	KeyID string

	// Signer signs the CDN's URLs. It may be nil for a CDN of our own scheme: then the first key
	// signs.
	Signer scheme.Signer
	// Verifier reads the URLs of a CDN of a foreign scheme for the command line. It is nil for our
	// own schemes.
	Verifier *scheme.Verifier
	Reserved []string // the query parameters, in lower case, that carry its tokens
	Segments []string // the path segments NAME=..., in lower case, that carry its tokens

	// CookieDomain is the domain of the cookies that open its directories, "" without cookies. Then
	// Signer is a [scheme.CookieSigner].
	CookieDomain string

	// Unrenewed are the ids of the keys whose tokens are not renewed.
	Unrenewed []uint16

	// ExactRequests refuses a request that an edge would not serve byte for byte as it came, but
	// for the token: for edges that pass on the request and not the service's answer.
	ExactRequests bool
	// ReportOnly accepts every request and says what would have been refused.
	ReportOnly bool

	index  int // in its set
	seed   uint64
	origin *uri.Origins // of the URL alone
	host   *uri.Origins // of the URL without its base path
}

// MaxWeight bounds a weight, and with it the size of the schedule.
const MaxWeight = 1000

// Balance is a way to choose a CDN for a video.
type Balance int

// The ways to balance. Both honour weights.
const (
	RoundRobin Balance = iota // each in its turn
	Affinity                  // the same video always on the same CDN
)

// ParseBalance is the way with the given name.
func ParseBalance(name string) (Balance, error) {
	switch name {
	case "round-robin":
		return RoundRobin, nil
	case "affinity":
		return Affinity, nil
	}
	return 0, fmt.Errorf("unknown way to balance %q: round-robin or affinity", name)
}

// Set is the CDNs of one configuration. It is safe for concurrent use.
type Set struct {
	cdns    []CDN
	only    *CDN // the only one that is picked, where there are no others
	balance Balance
	turns   schedule
	foreign bool          // a CDN that may be picked has a scheme that cannot express everything
	subsets atomic.Uint64 // how often one was picked among a subset
}

// New makes a set of at least one CDN that may be picked, and MaxCDNs at most. Names are unique,
// and each CDN has a key.
func New(balance Balance, cdns []CDN) (*Set, error) {
	if len(cdns) > MaxCDNs {
		return nil, fmt.Errorf("%d CDNs: %d at most", len(cdns), MaxCDNs)
	}
	s := &Set{cdns: append([]CDN(nil), cdns...), balance: balance}
	weights := make([]int, len(cdns))
	picked := 0
	for i := range s.cdns {
		c := &s.cdns[i]
		c.index = i
		if c.Weight < 0 || c.Weight > MaxWeight || len(c.Keys) == 0 && c.Signer == nil ||
			s.Lookup(c.Name) != c {
			return nil, fmt.Errorf("cdn %q: it needs a name of its own, a key, and a weight "+
				"from 0 to %d", c.Name, MaxWeight)
		}
		var err error
		if c.origin, err = uri.NewOrigins([]string{c.URL}); err != nil {
			return nil, fmt.Errorf("cdn %q: %w", c.Name, err)
		}
		if c.host, err = uri.NewOrigins([]string{strings.TrimSuffix(c.URL, c.Base())}); err != nil {
			return nil, fmt.Errorf("cdn %q: %w", c.Name, err)
		}
		c.seed = xxhash.Sum64String(c.Name)
		if c.Signer == nil {
			c.Signer = scheme.NewOwn(c.URL, c.Keys[0], c.ExactRequests)
		}
		_, own := c.Signer.(*scheme.Own)
		s.foreign = s.foreign || c.Weight > 0 && !own
		weights[i] = c.Weight
		if c.Weight > 0 {
			picked++
			s.only = c
		}
	}
	if picked == 0 {
		return nil, fmt.Errorf("no CDN may be picked: at least one needs a weight of 1 or more")
	}
	if picked > 1 {
		s.only = nil
	}
	s.turns.order = smooth(weights)
	return s, nil
}

// Pick chooses the CDN of a video. Affinity goes by id, which round-robin does not look at.
func (s *Set) Pick(id []byte) *CDN {
	switch {
	case s.only != nil:
		return s.only
	case s.balance == Affinity:
		return s.rendezvous(id, nil)
	default:
		return &s.cdns[s.turns.next()]
	}
}

// Lookup is the CDN with the given name, nil for an unknown name.
func (s *Set) Lookup(name string) *CDN {
	for i := range s.cdns {
		if s.cdns[i].Name == name {
			return &s.cdns[i]
		}
	}
	return nil
}

// All is the set's CDNs in the order of the configuration.
func (s *Set) All() []CDN { return s.cdns }

// Index is the place of the CDN in its set.
func (c *CDN) Index() int { return c.index }

// SigningKey is the name of the key that signs, "" where the scheme has no names for keys.
func (c *CDN) SigningKey() string {
	if len(c.Keys) > 0 {
		return strconv.Itoa(int(c.Keys[0].ID()))
	}
	return c.KeyID
}

// Base is the path of the CDN's URL, "" for none.
func (c *CDN) Base() string {
	_, rest, _ := strings.Cut(c.URL, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}
