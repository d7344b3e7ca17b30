package token

import (
	"encoding/binary"
	"net/netip"
)

// The layout of a token: sizes are in bytes, and the claims are everything before the tag.
const (
	MaxDepth = 15 // the greatest depth a token can have

	flagNotBefore = 0x01
	flagIP        = 0x02
	flagSession   = 0x04
	flagRenewal   = 0x08
	flagsKnown    = flagNotBefore | flagIP | flagSession | flagRenewal

	tagSize    = 16
	fixedSize  = 1 + 1 + 2 + 4
	claimsSize = fixedSize + 4 + 1 + 8 + 8 // with every optional claim
	maxSize    = claimsSize + tagSize      // a token; also the claims followed by an IPv6 address
	maxText    = (maxSize*8 + 5) / 6       // its text form
	ipv6Offset = 33                        // of a prefix length: n is IPv6/(n-ipv6Offset)
	ipv6Most   = ipv6Offset + 128          // the greatest n
)

// The versions of a token, which say how its tag is made.
const (
	versionBLAKE3 = 1
	versionSHA256 = 2
)

// Claims are what a token says. The zero value of an optional claim stands for its absence.
type Claims struct {
	// Depth is 0 for one exact path and query, else the token is for every path below the first
	// Depth segments; at most MaxDepth.
	Depth int
	// Expiry is the last second, in Unix time, at which the token is good.
	Expiry uint32
	// NotBefore is the first second, in Unix time, at which the token is good; optional.
	NotBefore uint32
	// IP is the network the client must be in; optional. IPv4-mapped IPv6 counts as IPv4. In
	// verified claims only its length is known, and the address is the client's own, masked.
	IP netip.Prefix
	// Session is an id of the issuer's choosing, which the token carries if HasSession is set.
	Session    [8]byte
	HasSession bool
	// RenewableUntil is the last second, in Unix time, at which the token may be renewed, and TTL
	// the seconds that a renewed token is good for. They are one optional claim, which is absent
	// where both are 0.
	RenewableUntil, TTL uint32
}

// prefix returns the claim's network as the format has it: the address without an IPv4 mapping, its
// length, and the length's byte. It reports false for a network that is not valid.
func (c *Claims) prefix() (addr netip.Addr, bits int, n byte, ok bool) {
	addr, bits = c.IP.Addr(), c.IP.Bits()
	if !c.IP.IsValid() {
		return addr, 0, 0, false
	}
	if addr.Is4In6() {
		addr, bits = addr.Unmap(), bits-96
	}
	switch {
	case bits < 0:
		return addr, 0, 0, false
	case addr.Is4():
		return addr, bits, byte(bits), true
	default:
		return addr, bits, byte(bits + ipv6Offset), true
	}
}

// put writes the claims into b, followed by the masked address, and returns the size of each.
func (c *Claims) put(b *[maxSize]byte, version int, key uint16) (claims, ip int, err error) {
	if c.Depth < 0 || c.Depth > MaxDepth {
		return 0, 0, ErrDepth
	}
	b[0] = byte(version)<<4 | byte(c.Depth)
	b[1] = 0
	binary.BigEndian.PutUint16(b[2:], key)
	binary.BigEndian.PutUint32(b[4:], c.Expiry)
	n := fixedSize
	if c.NotBefore != 0 {
		b[1] |= flagNotBefore
		binary.BigEndian.PutUint32(b[n:], c.NotBefore)
		n += 4
	}
	var addr netip.Addr
	bits := 0
	if c.IP != (netip.Prefix{}) {
		var length byte
		var ok bool
		if addr, bits, length, ok = c.prefix(); !ok {
			return 0, 0, ErrPrefix
		}
		b[1] |= flagIP
		b[n] = length
		n++
	}
	if c.HasSession {
		b[1] |= flagSession
		n += copy(b[n:], c.Session[:])
	}
	if c.RenewableUntil|c.TTL != 0 {
		b[1] |= flagRenewal
		binary.BigEndian.PutUint32(b[n:], c.RenewableUntil)
		binary.BigEndian.PutUint32(b[n+4:], c.TTL)
		n += 8
	}
	if b[1]&flagIP != 0 {
		ip = putMasked(b[n:], addr, bits)
	}
	return n, ip, nil
}

// header is a token that was taken apart and not verified yet.
type header struct {
	claims  Claims
	version int
	key     uint16
	size    int  // of the claims
	ipv6    bool // of the IP claim
	bits    int  // of the IP claim, -1 without one
}

// parse takes a token apart. It reports ErrMalformed, or ErrVersion for a version that is not
// known.
func parse(b []byte) (h header, err error) {
	h.bits = -1
	if len(b) < fixedSize+tagSize {
		return h, ErrMalformed
	}
	if h.version = int(b[0] >> 4); h.version != versionBLAKE3 && h.version != versionSHA256 {
		return h, ErrVersion
	}
	flags := b[1]
	h.claims.Depth = int(b[0] & 0xF)
	h.key = binary.BigEndian.Uint16(b[2:])
	h.claims.Expiry = binary.BigEndian.Uint32(b[4:])
	h.size = fixedSize
	if flags&flagNotBefore != 0 {
		h.size += 4
	}
	if flags&flagIP != 0 {
		h.size++
	}
	if flags&flagSession != 0 {
		h.size += 8
	}
	if flags&flagRenewal != 0 {
		h.size += 8
	}
	if flags&^flagsKnown != 0 || len(b) != h.size+tagSize {
		return h, ErrMalformed
	}
	rest := b[fixedSize:]
	if flags&flagNotBefore != 0 {
		h.claims.NotBefore = binary.BigEndian.Uint32(rest)
		rest = rest[4:]
	}
	if flags&flagIP != 0 {
		if rest[0] > ipv6Most {
			return h, ErrMalformed
		}
		h.bits = int(rest[0])
		if h.ipv6 = h.bits >= ipv6Offset; h.ipv6 {
			h.bits -= ipv6Offset
		}
		rest = rest[1:]
	}
	if flags&flagSession != 0 {
		h.claims.HasSession = true
		rest = rest[copy(h.claims.Session[:], rest):]
	}
	if flags&flagRenewal != 0 {
		h.claims.RenewableUntil = binary.BigEndian.Uint32(rest)
		h.claims.TTL = binary.BigEndian.Uint32(rest[4:])
	}
	return h, nil
}

// putMasked writes the first bits of addr, 4 or 16 bytes with the others zero, and returns how many
// bytes.
func putMasked(b []byte, addr netip.Addr, bits int) int {
	var n int
	if addr.Is4() {
		a := addr.As4()
		n = copy(b, a[:])
	} else {
		a := addr.As16()
		n = copy(b, a[:])
	}
	for i := range b[:n] {
		if keep := bits - 8*i; keep < 8 {
			b[i] &= ^byte(0xFF >> max(keep, 0))
		}
	}
	return n
}
