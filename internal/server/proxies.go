package server

import (
	"bytes"
	"net"
	"net/netip"
	"unsafe"
)

// proxies are the networks whose word for a client's address is taken.
type proxies []netip.Prefix

func (p proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// client is the address of the client that the peer at ip asks for, if that is a trusted proxy: X-Real-IP's, else of X-Forwarded-For the
// rightmost that is not a trusted proxy's, for what is left of it a client can have written itself. The address is not
// valid where there is none. client reports false where the header it reads is there twice.
func (p proxies) client(ip net.IP, said *headers) (addr netip.Addr, ok bool) {
	if peer, _ := netip.AddrFromSlice(ip); !p.trusts(peer.Unmap()) {
		return netip.Addr{}, true
	}
	if said.realIP.n > 0 {
		return parseAddr(said.realIP.value), said.realIP.n == 1
	}
	list, n := said.forwardedFor.value, said.forwardedFor.n
	for n == 1 {
		i := bytes.LastIndexByte(list, ',')
		addr = parseAddr(bytes.Trim(list[i+1:], " \t"))
		if !addr.IsValid() || !p.trusts(addr) {
			return addr, true // past an entry that is none, nobody can be vouched for
		}
		if i < 0 {
			return netip.Addr{}, true
		}
		list = list[:i]
	}
	return netip.Addr{}, n == 0
}

// parseAddr is the address of a header, IPv4-mapped IPv6 as IPv4; not valid for what is none. Ports and zones are none.
func parseAddr(b []byte) netip.Addr {
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	if len(b) == 0 || len(b) > longest || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}
	}
	// Without a zone an address keeps nothing of its text, and the error, which would, is dropped.
	addr, err := netip.ParseAddr(unsafe.String(&b[0], len(b)))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}
