package cdn

import (
	"math/bits"
	"strings"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// MaxCDNs is how many CDNs a set may have: the schedule of the turns grows with the sum of their
// weights.
const MaxCDNs = 256

// Mask is a set of CDNs, by their index in the configuration.
type Mask [MaxCDNs / 64]uint64

// Add adds a CDN.
func (m *Mask) Add(i int) { m[i/64] |= 1 << (i % 64) }

// Remove removes a CDN.
func (m *Mask) Remove(i int) { m[i/64] &^= 1 << (i % 64) }

// Has reports whether a CDN is in the mask.
func (m *Mask) Has(i int) bool { return m[i/64]>>(i%64)&1 != 0 }

// Everyone returns the mask of all CDNs that may be picked: those with a weight.
func (s *Set) Everyone() (m Mask) {
	for i := range s.cdns {
		if s.cdns[i].Weight > 0 {
			m.Add(i)
		}
	}
	return m
}

// Index returns the index of the CDN with the given name, -1 for an unknown name.
func (s *Set) Index(name []byte) int {
	for i := range s.cdns {
		if s.cdns[i].Name == string(name) {
			return i
		}
	}
	return -1
}

// PickAmong is [Set.Pick] among some of the CDNs. It returns nil if none of them has a weight.
func (s *Set) PickAmong(id []byte, among *Mask) *CDN {
	if s.balance == Affinity {
		return s.rendezvous(id, among)
	}
	total := 0
	for i := range s.cdns {
		if among.Has(i) {
			total += s.cdns[i].Weight
		}
	}
	// The multiples of the golden ratio, without their whole part, are spread evenly, and so is
	// every n-th of them: each subset of the CDNs has its share, in whatever order subsets are
	// asked for. (Weyl, 1916; Knuth, The Art of Computer Programming, volume 3, section 6.4.)
	const golden = 0x9E3779B97F4A7C15
	share, _ := bits.Mul64(s.subsets.Add(1)*golden, uint64(total))
	for i := range s.cdns {
		if !among.Has(i) {
			continue
		}
		weight := uint64(s.cdns[i].Weight)
		if share < weight {
			return &s.cdns[i]
		}
		share -= weight
	}
	return nil
}

// Foreign reports whether a CDN that may be picked has a scheme of its own, so that not every CDN
// can express everything.
func (s *Set) Foreign() bool { return s.foreign }

// Keep removes from a mask the CDNs that cannot express what the URL of a source with the claims
// needs.
func (s *Set) Keep(m *Mask, source *uri.Source, claims *token.Claims) {
	needs := scheme.Needs(source, claims)
	for i := range s.cdns {
		if m.Has(i) && s.cdns[i].lacks(needs, source, claims) != nil {
			m.Remove(i)
		}
	}
}

// lacks says what the CDN cannot express, nil for nothing.
func (c *CDN) lacks(needs scheme.Need, source *uri.Source, claims *token.Claims) error {
	if lacking := needs &^ c.Signer.Can(); lacking != 0 {
		return lackError{lacking}
	}
	return c.Signer.Check(source, claims)
}

// lackError says what a scheme cannot express.
type lackError struct{ need scheme.Need }

func (e lackError) Error() string { return "needs " + e.need.String() }

// Explain says why none of the CDNs in a mask can serve the URL of a source with the claims.
func (s *Set) Explain(m *Mask, source *uri.Source, claims *token.Claims) string {
	needs := scheme.Needs(source, claims)
	var reasons []string
	for i := range s.cdns {
		if m.Has(i) {
			if err := s.cdns[i].lacks(needs, source, claims); err != nil {
				reasons = append(reasons, s.cdns[i].Name+": it "+err.Error())
			}
		}
	}
	return strings.Join(reasons, "; ")
}
