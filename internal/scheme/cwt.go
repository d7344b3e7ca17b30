package scheme

import (
	"math"
	"net/netip"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The claims of a token, in the order that they are written in: the CWT registry, and CTA-5007.
const (
	claimIssuer    = 1
	claimExpiry    = 4
	claimNotBefore = 5
	claimID        = 7
	claimVersion   = 310
	claimNetwork   = 311
	claimURI       = 312
)

// appendClaims appends the payload. It uses m.text for the wire path.
func (t *catSigner) appendClaims(dst []byte, m *mac, s *uri.Source, c *token.Claims) []byte {
	count := uint64(3)
	for _, has := range []bool{t.issuer != "", c.NotBefore != 0, c.HasSession, c.IP.IsValid()} {
		if has {
			count++
		}
	}
	dst = appendHead(dst, 5, count)
	if t.issuer != "" {
		dst = appendText(appendHead(dst, 0, claimIssuer), 3, t.issuer)
	}
	dst = appendHead(appendHead(dst, 0, claimExpiry), 0, uint64(c.Expiry))
	if c.NotBefore != 0 {
		dst = appendHead(appendHead(dst, 0, claimNotBefore), 0, uint64(c.NotBefore))
	}
	if c.HasSession {
		dst = append(appendHead(appendHead(dst, 0, claimID), 2, uint64(len(c.Session))),
			c.Session[:]...)
	}
	dst = appendHead(appendHead(dst, 0, claimVersion), 0, 1)
	if c.IP.IsValid() {
		dst = appendNetwork(appendHead(dst, 0, claimNetwork), c.IP)
	}
	return t.appendURI(appendHead(dst, 0, claimURI), m, s, c)
}

// The parts of a URI and the ways to match one, of the claim catu.
const (
	catHost   = 1
	catPath   = 3
	catQuery  = 4
	catExact  = 0
	catPrefix = 1
)

func (t *catSigner) appendURI(dst []byte, m *mac, s *uri.Source, c *token.Claims) []byte {
	parts := uint64(2)
	hasQuery := c.Depth == 0 && len(s.Query) > 0
	if hasQuery {
		parts++
	}
	dst = appendHead(dst, 5, parts)
	dst = appendText(append(appendHead(dst, 0, catHost), 0xA1, catExact), 3, t.host)
	m.text = appendWire(m.text[:0], t.base, s)
	path, match := m.text, byte(catExact)
	if c.Depth > 0 {
		path, match = directory(path, t.base, c.Depth), catPrefix
	}
	dst = append(appendHead(dst, 0, catPath), 0xA1, match)
	dst = append(appendHead(dst, 3, uint64(len(path))), path...)
	if hasQuery {
		m.text = uri.AppendQuery(m.text[:0], s.Query)
		dst = append(appendHead(dst, 0, catQuery), 0xA1, catExact)
		dst = append(appendHead(dst, 3, uint64(len(m.text))), m.text...)
	}
	return dst
}

// appendNetwork appends an array of one address or prefix: RFC 9164.
func appendNetwork(dst []byte, p netip.Prefix) []byte {
	addr := p.Masked().Addr()
	dst = append(dst, 0x81, 0xD8, 54)
	if addr.Is4() {
		dst[len(dst)-1] = 52
	}
	if p.Bits() < addr.BitLen() {
		dst = appendHead(append(dst, 0x82), 0, uint64(p.Bits()))
	}
	if addr.Is4() {
		four := addr.As4()
		return append(append(dst, 0x44), four[:]...)
	}
	sixteen := addr.As16()
	return append(append(dst, 0x50), sixteen[:]...)
}

// readClaims reads a payload. It stops at a claim that is not written here.
func (t *catSigner) readClaims(p *cborReader, r *Reading) (err error) {
	c := &r.Claims
	for range p.head(5) {
		switch claim := p.head(0); claim {
		case claimIssuer:
			p.text(3)
		case claimExpiry, claimNotBefore:
			at := p.head(0)
			if at > math.MaxUint32 {
				return ErrUnlike
			}
			if claim == claimExpiry {
				c.Expiry = uint32(at)
			} else {
				c.NotBefore = uint32(at)
			}
		case claimID:
			id := p.text(2)
			c.HasSession = len(id) == len(c.Session)
			if copy(c.Session[:], id); !c.HasSession {
				return ErrUnlike
			}
		case claimVersion:
			p.head(0)
		case claimNetwork:
			c.IP = readNetwork(p)
		case claimURI:
			err = t.readURI(p, r)
		default:
			return ErrUnlike
		}
		if p.failed {
			return token.ErrMalformed
		}
	}
	switch {
	case err != nil:
		return err
	case p.failed || len(p.rest) > 0:
		return token.ErrMalformed
	case r.Opens == "" || c.Expiry == 0: // no path, or a token that never ends
		return ErrUnlike
	}
	return nil
}

// readURI reads what the token opens.
func (t *catSigner) readURI(p *cborReader, r *Reading) (err error) {
	hasQuery := false
	for range p.head(5) {
		part := p.head(0)
		one := p.head(5)
		match := p.head(0)
		text := string(p.text(3))
		switch {
		case p.failed:
			return token.ErrMalformed
		case one == 1 && part == catHost && match == catExact:
			if text != t.host {
				err = token.ErrPath
			}
		case one == 1 && part == catPath && match <= catPrefix:
			r.Opens, r.IsDirectory = text, match == catPrefix
		case one == 1 && part == catQuery && match == catExact && !r.IsDirectory:
			r.Opens, hasQuery = r.Opens+"?"+text, true
		default:
			return ErrUnlike
		}
	}
	if r.IsDirectory && !strings.HasSuffix(r.Opens, "/") {
		return ErrUnlike
	}
	if !r.IsDirectory && !hasQuery && r.Query != "" { // then any query is good
		r.anyQuery = true
		r.target = strings.Replace(r.target, "?"+r.Query+"&", "?", 1)
		r.target = strings.TrimSuffix(r.target, "?"+r.Query)
	}
	return err
}

// readNetwork reads what appendNetwork writes, and returns the zero network for anything else.
func readNetwork(p *cborReader) netip.Prefix {
	one, tag, bits := p.head(4), p.head(6), uint64(128)
	if tag == 52 {
		bits = 32
	}
	if p.major() == 4 {
		if p.head(4) != 2 {
			p.fail()
		}
		bits = p.head(0)
	}
	addr, ok := netip.AddrFromSlice(p.text(2))
	if one != 1 || !ok || addr.Is4() != (tag == 52) || bits > uint64(addr.BitLen()) {
		p.fail()
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr, int(bits))
}
