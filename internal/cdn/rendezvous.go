package cdn

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// rendezvous is weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted Distributed
// Hash Tables", 2005): every CDN draws -ln(u)/weight for the video, with u uniform in (0,1) from a
// hash of the two, and the least draw wins. A draw does not depend on the other CDNs, so one that
// is added takes its share and moves nothing between the others. The hash is the same in every
// process, so that all replicas agree. A mask leaves CDNs out, and then there may be none to
// return.
func (s *Set) rendezvous(id []byte, among *Mask) *CDN {
	h := xxhash.Sum64(id)
	var best *CDN
	least := math.Inf(1)
	for i := range s.cdns {
		c := &s.cdns[i]
		if c.Weight == 0 || among != nil && !among.Has(i) {
			continue
		}
		u := (float64(mix(h^c.seed)>>11) + 0.5) / (1 << 53)
		if draw := -math.Log(u) / float64(c.Weight); draw < least {
			best, least = c, draw
		}
	}
	return best
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of x moves every bit
// of the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
