// Package cdn has the CDNs that videos are balanced over: which one serves a video, the keys it knows, and where in a
// URL its token goes.
//
// Most callers want [New], then [Set.Pick] once a video and [CDN.AppendURL] for each of its sources.
package cdn

import (
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"

	"videotoken/token"
)

// CDN is one CDN.
type CDN struct {
	Name   string
	URL    string     // scheme and host, without a slash at the end
	Weight int        // its share of the videos, relative to the other CDNs' weights; 1 to MaxWeight
	Keys   token.Keys // the first signs, all of them verify

	seed uint64
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
	balance Balance
	turns   schedule
}

// New makes a set of at least one CDN. Names are unique, weights positive, and each CDN has a key.
func New(balance Balance, cdns []CDN) (*Set, error) {
	s := &Set{cdns: append([]CDN(nil), cdns...), balance: balance}
	weights := make([]int, len(cdns))
	for i := range s.cdns {
		c := &s.cdns[i]
		if c.Weight < 1 || c.Weight > MaxWeight || len(c.Keys) == 0 || s.Lookup(c.Name) != c {
			return nil, fmt.Errorf("cdn %q: it needs a name of its own, a key, and a weight from 1 to %d", c.Name, MaxWeight)
		}
		c.seed = xxhash.Sum64String(c.Name)
		weights[i] = c.Weight
	}
	if len(cdns) == 0 {
		return nil, fmt.Errorf("no CDN: at least one is needed")
	}
	s.turns.order = smooth(weights)
	return s, nil
}

// Pick chooses the CDN of a video. Affinity goes by id, which round-robin does not look at.
func (s *Set) Pick(id []byte) *CDN {
	switch {
	case len(s.cdns) == 1:
		return &s.cdns[0]
	case s.balance == Affinity:
		return s.rendezvous(id)
	default:
		return &s.cdns[s.turns.next()]
	}
}

// Lookup is the CDN with the given name, nil if there is none.
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

// KeysFor is the keys that verify a URI, and its path and query. The keys are those of the CDN with the given name;
// without a name, those of the CDN whose URL the URI starts with, or every CDN's for a URI that is a path.
func (s *Set) KeysFor(name, uri string) (token.Keys, string, error) {
	path := uri
	var keys token.Keys
	for i := range s.cdns {
		c := &s.cdns[i]
		if strings.HasPrefix(uri, c.URL+"/") { // two CDNs may share a URL
			path = uri[len(c.URL):]
		} else if !strings.HasPrefix(uri, "/") {
			continue
		}
		keys = append(keys, c.Keys...)
	}
	if !strings.HasPrefix(path, "/") {
		return nil, "", fmt.Errorf("%q is not on any of the configuration's CDNs, and not a path", uri)
	}
	if name != "" {
		c := s.Lookup(name)
		if c == nil {
			return nil, "", fmt.Errorf("cdn %q: the configuration has no such CDN", name)
		}
		keys = c.Keys
	}
	return keys, path, nil
}
