package server

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"videotoken/token"
)

// signBound makes the URI of the film with a token for one address.
func signBound(t *testing.T, addr string) string {
	t.Helper()
	seven, _ := vectorKeys(t)
	path, err := token.Canonical(nil, []byte(edgeFilm))
	if err != nil {
		t.Fatal(err)
	}
	ip := netip.MustParseAddr(addr)
	text, err := seven.Append(nil,
		&token.Claims{Expiry: 2000000000, IP: netip.PrefixFrom(ip, ip.BitLen())}, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return edgeFilm + "?token=" + string(text)
}

// checkReason asks about a URI and compares the reason: "" is 200.
func checkReason(t *testing.T, addr, uri, reason string, header ...string) {
	t.Helper()
	status := 403
	if reason == "" {
		status = 200
	}
	res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/one",
		append(header, "X-Original-URI: "+uri)...)
	if res.StatusCode != status || res.Header.Get("X-Token-Reason") != reason {
		t.Errorf("%d %q; want %d %q", res.StatusCode, res.Header.Get("X-Token-Reason"), status, reason)
	}
}

func TestVerifyClient(t *testing.T) {
	c := edgeSettings(t)
	c.Transport = FastHTTP // the event loops of four servers would wait for each other's turns
	_, byRealIP := edgeServer(t, edgeNow, c)
	c.ClientAddress = XForwardedFor
	_, byList := edgeServer(t, edgeNow, c)
	c.TrustedProxies = c.TrustedProxies[1:] // without 127.0.0.1, where the questions come from
	_, waryByList := edgeServer(t, edgeNow, c)
	c.ClientAddress = XRealIP
	_, wary := edgeServer(t, edgeNow, c)
	const real, chain = "X-Real-IP: ", "X-Forwarded-For: "
	for _, c := range []struct {
		name, uri            string
		header               []string
		realIP, forwardedFor string // the reasons of the two settings
	}{
		{"no address", edgeBound, nil, "ip", "ip"},
		{"not needed", edgeExact, nil, "", ""},
		{"X-Real-IP", edgeBound, []string{real + "203.0.113.7"}, "", "ip"},
		{"mapped", edgeBound, []string{real + "::ffff:203.0.113.7"}, "", "ip"},
		{"IPv6", edgeBound6, []string{real + "2001:db8::1234"}, "", "ip"},
		{"another", edgeBound, []string{real + "203.0.113.8"}, "signature", "ip"},
		{"the other family", edgeBound, []string{real + "2001:db8::7"}, "ip", "ip"},
		{"a trusted proxy's", edgeBound, []string{real + "10.1.1.1"}, "signature", "ip"},
		{"X-Real-IP after a list", edgeBound, []string{chain + "203.0.113.8", real + "203.0.113.7"}, "",
			"signature"},
		{"an empty X-Real-IP after a list", edgeBound, []string{chain + "203.0.113.7", real}, "ip", ""},
		{"X-Real-IP is not an address", edgeBound, []string{chain + "203.0.113.7", real + "unix:"}, "ip",
			""},
		{"with a port", edgeBound, []string{real + "203.0.113.7:65535"}, "", "ip"},
		{"IPv6 with a port", edgeBound6, []string{real + "[2001:db8::7]:443"}, "", "ip"},
		{"IPv6 with a port, without brackets", edgeBound6, []string{real + "2001:db8::7:65536"}, "ip",
			"ip"},
		{"a port over 65535", edgeBound, []string{real + "203.0.113.7:65536"}, "ip", "ip"},
		{"a port of letters", edgeBound, []string{real + "203.0.113.7:http"}, "ip", "ip"},
		{"a port with a sign", edgeBound, []string{real + "203.0.113.7:+80"}, "ip", "ip"},
		{"an empty port", edgeBound, []string{real + "203.0.113.7:"}, "ip", "ip"},
		{"two ports", edgeBound, []string{real + "203.0.113.7:80:80"}, "ip", "ip"},
		{"brackets without a port", edgeBound6, []string{real + "[2001:db8::7]"}, "ip", "ip"},
		{"IPv4 in brackets", edgeBound, []string{real + "[203.0.113.7]:80"}, "ip", "ip"},
		{"an open bracket", edgeBound6, []string{real + "[2001:db8::7:80"}, "ip", "ip"},
		{"brackets alone", edgeBound6, []string{real + "[]:80"}, "ip", "ip"},
		{"a colon alone", edgeBound, []string{real + ":"}, "ip", "ip"},
		{"with a zone", edgeBound6, []string{real + "2001:db8::7%eth0"}, "ip", "ip"},
		{"with a zone and a port", edgeBound6, []string{real + "[2001:db8::7%eth0]:80"}, "ip", "ip"},
		{"two addresses", edgeBound, []string{real + "203.0.113.7, 203.0.113.7"}, "ip", "ip"},
		{"X-Real-IP twice", edgeExact, []string{real + "203.0.113.7", real + "203.0.113.7"}, "ip", ""},
		{"with underscores", edgeBound,
			[]string{"X_Real_IP: 203.0.113.7", "X_Forwarded_For: 203.0.113.7"}, "ip", "ip"},
		{"Forwarded is not read", edgeBound,
			[]string{"Forwarded: for=203.0.113.7", "True-Client-IP: 203.0.113.7"}, "ip", "ip"},
		{"list", edgeBound, []string{chain + "203.0.113.7"}, "ip", ""},
		{"list, after it trusted proxies", edgeBound,
			[]string{chain + "203.0.113.7, 10.0.0.1 ,fd00::1,127.0.0.1"}, "ip", ""},
		{"list with ports", edgeBound, []string{chain + "203.0.113.7:1234, 10.0.0.1:80, [fd00::1]:443"},
			"ip", ""},
		{"list, forged on its left", edgeBound, []string{chain + "203.0.113.7, 198.51.100.1"}, "ip",
			"signature"},
		{"list, forged left of a trusted proxy", edgeBound,
			[]string{chain + "203.0.113.7, 198.51.100.1, 10.0.0.1"}, "ip", "signature"},
		{"list of trusted proxies alone", edgeBound, []string{chain + "10.0.0.1, 127.0.0.1"}, "ip", "ip"},
		{"list with a word", edgeBound, []string{chain + "203.0.113.7, unknown, 10.0.0.1"}, "ip", "ip"},
		{"list with an empty entry", edgeBound, []string{chain + "203.0.113.7,"}, "ip", "ip"},
		{"empty list", edgeBound, []string{chain}, "ip", "ip"},
		{"two lists", edgeBound, []string{chain + "198.51.100.1", chain + "203.0.113.7"}, "ip", ""},
		{"two lists, the second of trusted proxies", edgeBound,
			[]string{chain + "198.51.100.1, 203.0.113.7", chain + "10.0.0.1, 10.0.0.2"}, "ip", ""},
		{"two lists, forged in the first", edgeBound,
			[]string{chain + "203.0.113.7", chain + "198.51.100.1, 10.0.0.1"}, "ip", "signature"},
		{"two lists, the second empty", edgeBound, []string{chain + "203.0.113.7", chain}, "ip", "ip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkReason(t, byRealIP, c.uri, c.realIP, c.header...)
			checkReason(t, byList, c.uri, c.forwardedFor, c.header...)
			// From a peer that is not trusted no header counts, and the client is 127.0.0.1.
			own := map[string]string{edgeBound: "signature", edgeBound6: "ip", edgeExact: ""}[c.uri]
			checkReason(t, wary, c.uri, own, c.header...)
			checkReason(t, waryByList, c.uri, own, c.header...)
			checkReason(t, wary, signBound(t, "127.0.0.1"), "", c.header...)
		})
	}
}

// TestVerifyUnix asks over a Unix socket, whose peers have no address that a network could contain.
func TestVerifyUnix(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		for _, trust := range []bool{true, false} {
			c := edgeSettings(t)
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"),
				netip.MustParsePrefix("::/0")}
			c.TrustUnix, c.Transport = trust, transport
			ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
			if err != nil {
				t.Fatal(err)
			}
			edgeServe(t, edgeNow, c, ln)
			addr := ln.Addr().String()
			reason := map[bool]string{true: "", false: "ip"}[trust]
			checkReason(t, addr, edgeBound, reason, "X-Real-IP: 203.0.113.7")
			checkReason(t, addr, edgeBound, "ip")
			checkReason(t, addr, edgeExact, "")
			checkReason(t, addr, signBound(t, "0.0.0.0"), "ip")
		}
	}
}
