package scheme

import (
	"math/bits"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Need is a set of what a URL needs, or of what a signer can express.
type Need uint16

// The needs. An address is a network of one address, except that an IPv6 address of a request
// stands for its /64.
const (
	Directory   Need = 1 << iota // a token for a directory, which relative URLs inherit
	Start                        // a first second
	IPv4                         // an IPv4 address
	IPv4Prefix                   // another IPv4 network
	IPv6                         // an IPv6 network of 64 bits
	IPv6Address                  // an IPv6 address
	IPv6Prefix                   // another IPv6 network
	Session                      // a session id
	Query                        // a query under the signature
	Renewal                      // a renewal claim

	addresses = IPv4 | IPv4Prefix | IPv6 | IPv6Address | IPv6Prefix
	all       = Renewal<<1 - 1
)

var needNames = []string{"a directory's token that relative URLs inherit", "a start time",
	"an IPv4 address",
	"an IPv4 prefix", "an IPv6 /64", "an IPv6 address", "an IPv6 prefix", "a session",
	"a signed query", "renewal"}

// String names the needs, for an error.
func (n Need) String() string {
	var names []string
	for ; n != 0; n &= n - 1 {
		names = append(names, needNames[bits.TrailingZeros16(uint16(n))])
	}
	return strings.Join(names, ", ")
}

// Needs returns what the URL of a source with the claims needs.
func Needs(s *uri.Source, c *token.Claims) Need {
	n := ClaimNeeds(c)
	if c.Depth > 0 {
		n |= Directory
	} else if len(s.Query) > 0 {
		n |= Query
	}
	return n
}

// ClaimNeeds returns what the claims need, whatever the source.
func ClaimNeeds(c *token.Claims) (n Need) {
	if c.NotBefore != 0 {
		n |= Start
	}
	if c.HasSession {
		n |= Session
	}
	if c.RenewableUntil|c.TTL != 0 {
		n |= Renewal
	}
	if !c.IP.IsValid() {
		return n
	}
	switch length := c.IP.Bits(); {
	case c.IP.Addr().Is4() && length == 32:
		n |= IPv4
	case c.IP.Addr().Is4():
		n |= IPv4Prefix
	case length == 64:
		n |= IPv6
	case length == 128:
		n |= IPv6Address
	default:
		n |= IPv6Prefix
	}
	return n
}
