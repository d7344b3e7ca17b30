// Package caller says who may ask for signed URLs, and for which paths.
//
// Most callers want [Set.Find] once a request, with the API key that came with it, and then
// [Caller.Allows] once a URL. [Paths.Allows] is the same for the paths that anybody may have
// signed. Nothing of it allocates.
//
// A configuration has the hashes of keys alone ([Hash]), so that who reads it cannot ask. [NewKey]
// makes a key.
package caller

import (
	"crypto/subtle"
	"fmt"
	"iter"
	"math"

	"videotoken/internal/uri"
)

// Caller is somebody with an API key. A limit of 0 seconds is the strictest.
type Caller struct {
	Name     string
	Paths    Paths // the paths that it may have signed; nil: all
	MaxTTL   int64 // the most seconds that its tokens are good for; Unlimited: as many as anybody's
	MaxRenew int64 // the most seconds that they can be renewed; Unlimited: as many as anybody's
}

// Unlimited is a limit in seconds that limits nothing.
const Unlimited = math.MaxInt64

// Allows reports whether the caller may have a token of the given depth for a path.
func (c *Caller) Allows(path uri.Path, depth int) bool { return c.Paths.Allows(path, depth) }

// Entry is one key of a caller, known by its hash. To change a key without a gap, a caller has two
// entries of one name for a while.
type Entry struct {
	Hash   Hash
	Caller Caller
}

// Set has the callers of one configuration. It is immutable. A nil Set has none.
type Set struct{ byHash map[Hash]*Entry }

// New makes a set. Names are valid ([IsName]), and no two entries have one hash.
func New(entries []Entry) (*Set, error) {
	s := &Set{byHash: make(map[Hash]*Entry, len(entries))}
	for i, e := range entries {
		if !IsName(e.Caller.Name) {
			return nil,
				fmt.Errorf(`caller %d: a name has 1 to 64 letters, digits, "-", "_" and "."`, i)
		}
		if other := s.byHash[e.Hash]; other != nil {
			return nil, fmt.Errorf("caller %q: its hash is the one of caller %q: make each a key "+
				"of its own", e.Caller.Name, other.Caller.Name)
		}
		s.byHash[e.Hash] = &e
	}
	return s, nil
}

// Len is how many keys the set has.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.byHash)
}

// Names yields the name of each caller, those with several keys several times.
func (s *Set) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range s.byHash {
			if !yield(e.Caller.Name) {
				return
			}
		}
	}
}

// Find returns the caller whose key this is, nil for a key that is nobody's. The key is hashed
// before anything looks for it, so the time that this takes tells nothing of another key.
func (s *Set) Find(key []byte) *Caller {
	if s == nil || !hasFormat(key) {
		return nil
	}
	h := HashOf(key)
	e := s.byHash[h]
	if e == nil || subtle.ConstantTimeCompare(e.Hash[:], h[:]) != 1 {
		return nil
	}
	return &e.Caller
}

// IsName reports whether s can name a caller: in logs and metrics.
func IsName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' ||
			c == '.') {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 64
}
