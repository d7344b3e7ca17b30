package server

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"github.com/valyala/fasthttp"
)

// ClientAddress is the header that names the client's address to /verify.
type ClientAddress int

// The headers. The other one is never read, for a client can have written it.
const (
	XRealIP       ClientAddress = iota // one address
	XForwardedFor                      // a list, to which each proxy adds the address of its peer
)

// ParseClientAddress returns the header that a configuration names.
func ParseClientAddress(name string) (ClientAddress, error) {
	switch name {
	case "x-real-ip":
		return XRealIP, nil
	case "x-forwarded-for":
		return XForwardedFor, nil
	}
	return 0, fmt.Errorf("client_address: no such header is read: %q", name)
}

// Trusts reports whether the configuration believes what a peer says of a client's address.
func (s *Server) Trusts(peer net.Addr) bool { return s.state.Load().verifier.proxies.trusts(peer) }

// proxies are the peers whose header is believed, and which header that is.
type proxies struct {
	header   ClientAddress
	networks []netip.Prefix
	unix     bool // peers at Unix sockets are believed too
}

// client returns the address of the client that peer asks for: what the header says if peer is a
// trusted proxy, else the peer's own. The address is not valid where it is missing or unreadable.
// client reports false where the header may stand once and stands twice.
func (p *proxies) client(peer net.Addr, h *fasthttp.RequestHeader) (addr netip.Addr, ok bool) {
	if !p.trusts(peer) {
		return peerAddr(peer), true
	}
	if p.header == XForwardedFor {
		return p.rightmost(h.PeekAll(fasthttp.HeaderXForwardedFor)), true
	}
	realIP := readField(h, "X-Real-Ip")
	return parseAddr(realIP.value), realIP.count <= 1
}

// rightmost returns the last address of a list that is not a trusted proxy's. Whatever stands left
// of it can be the client's own words. Several lines are one list (RFC 9110, section 5.3).
func (p *proxies) rightmost(lines [][]byte) netip.Addr {
	for i := len(lines) - 1; i >= 0; i-- {
		for list, more := lines[i], true; more; {
			comma := bytes.LastIndexByte(list, ',')
			addr := parseAddr(bytes.Trim(list[comma+1:], " \t"))
			if !addr.IsValid() || !p.contains(addr) {
				return addr
			}
			if more = comma >= 0; more {
				list = list[:comma]
			}
		}
	}
	return netip.Addr{}
}

// trusts reports whether the header of a peer is believed. fasthttp's RemoteIP says 0.0.0.0 for a
// Unix socket, which a trusted network may contain.
func (p *proxies) trusts(peer net.Addr) bool {
	if _, ok := peer.(*net.UnixAddr); ok {
		return p.unix
	}
	return p.contains(peerAddr(peer))
}

func (p *proxies) contains(addr netip.Addr) bool {
	for _, network := range p.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// peerAddr returns the address of a peer, IPv4-mapped IPv6 as IPv4. It is not valid for a Unix
// socket, nor with a zone: a token cannot be bound to it.
func peerAddr(peer net.Addr) netip.Addr {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok || tcp.Zone != "" {
		return netip.Addr{}
	}
	addr, _ := netip.AddrFromSlice(tcp.IP)
	return addr.Unmap()
}

// parseAddr parses the address of a header, alone or as ip:port and [v6]:port, IPv4-mapped IPv6 as
// IPv4. Anything else is not valid, an address with a zone too.
func parseAddr(b []byte) netip.Addr {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
	if len(b) == 0 || len(b) > longest || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}
	}
	bracket := b[0] == '['
	if colon := bytes.LastIndexByte(b, ':'); bracket ||
		colon >= 0 && colon == bytes.IndexByte(b, ':') {
		if colon < 0 || !isPort(b[colon+1:]) {
			return netip.Addr{}
		}
		b = b[:colon]
	}
	if bracket {
		if len(b) < 2 || b[len(b)-1] != ']' {
			return netip.Addr{}
		}
		b = b[1 : len(b)-1]
	}
	if len(b) == 0 {
		return netip.Addr{}
	}
	// An address without a zone keeps nothing of its text, and the error, which would, is dropped.
	addr, err := netip.ParseAddr(unsafe.String(&b[0], len(b)))
	if err != nil || bracket && !addr.Is6() {
		return netip.Addr{}
	}
	return addr.Unmap()
}

func isPort(b []byte) bool {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 6553 {
			return false
		}
		n = 10*n + int(c-'0')
	}
	return len(b) > 0 && n <= 65535
}
