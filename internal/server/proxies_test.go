package server

import "testing"

func TestVerifyClient(t *testing.T) {
	_, trusting := edgeServer(t, edgeNow, edgeSettings(t))
	others := edgeSettings(t)
	others.TrustedProxies = others.TrustedProxies[1:]
	_, wary := edgeServer(t, edgeNow, others)
	const real, chain = "X-Real-IP: ", "X-Forwarded-For: "
	for _, c := range []struct {
		name, uri string
		header    []string
		reason    string // "" for 200
		wary      string // the same from a peer that is not trusted
	}{
		{"no address", edgeBound, nil, "ip", "ip"},
		{"not needed", edgeExact, nil, "", ""},
		{"X-Real-IP", edgeBound, []string{real + "203.0.113.7"}, "", "ip"},
		{"X-Real-IP, mapped", edgeBound, []string{real + "::ffff:203.0.113.7"}, "", "ip"},
		{"X-Real-IP, IPv6", edgeBound6, []string{real + "2001:db8::1234"}, "", "ip"},
		{"X-Real-IP, another", edgeBound, []string{real + "203.0.113.8"}, "signature", "ip"},
		{"X-Real-IP, other family", edgeBound, []string{real + "2001:db8::7"}, "ip", "ip"},
		{"X-Real-IP of a trusted proxy", edgeBound, []string{real + "10.1.1.1"}, "signature", "ip"},
		{"X-Real-IP first", edgeBound, []string{chain + "203.0.113.8", real + "203.0.113.7"}, "", "ip"},
		{"X-Real-IP of nothing is no reason to read on", edgeBound, []string{chain + "203.0.113.7", real}, "ip", "ip"},
		{"X-Real-IP not an address", edgeBound, []string{chain + "203.0.113.7", real + "unix:"}, "ip", "ip"},
		{"X-Real-IP with a port", edgeBound, []string{real + "203.0.113.7:80"}, "ip", "ip"},
		{"X-Real-IP with a zone", edgeBound6, []string{real + "2001:db8::7%eth0"}, "ip", "ip"},
		{"X-Real-IP twice", edgeExact, []string{real + "203.0.113.7", real + "203.0.113.7"}, "ip", ""},
		{"X-Real-IP with an underscore", edgeBound, []string{"X_Real_IP: 203.0.113.7"}, "ip", "ip"},
		{"Forwarded is not read", edgeBound, []string{"Forwarded: for=203.0.113.7", "True-Client-IP: 203.0.113.7"}, "ip", "ip"},
		{"X-Forwarded-For", edgeBound, []string{chain + "203.0.113.7"}, "", "ip"},
		{"X-Forwarded-For, behind trusted proxies", edgeBound, []string{chain + "203.0.113.7, 10.0.0.1 ,fd00::1,127.0.0.1"}, "", "ip"},
		{"X-Forwarded-For, forged on the left", edgeBound, []string{chain + "203.0.113.7, 198.51.100.1"}, "signature", "ip"},
		{"X-Forwarded-For, forged behind a trusted address", edgeBound, []string{chain + "203.0.113.7, 198.51.100.1, 10.0.0.1"}, "signature", "ip"},
		{"X-Forwarded-For, nobody else", edgeBound, []string{chain + "10.0.0.1, 127.0.0.1"}, "ip", "ip"},
		{"X-Forwarded-For, not an address", edgeBound, []string{chain + "203.0.113.7, unknown, 10.0.0.1"}, "ip", "ip"},
		{"X-Forwarded-For, an empty entry", edgeBound, []string{chain + "203.0.113.7,"}, "ip", "ip"},
		{"X-Forwarded-For, empty", edgeBound, []string{chain}, "ip", "ip"},
		{"X-Forwarded-For twice", edgeExact, []string{chain + "203.0.113.7", chain + "203.0.113.7"}, "ip", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for addr, reason := range map[string]string{trusting: c.reason, wary: c.wary} {
				status := 403
				if reason == "" {
					status = 200
				}
				res, _ := edgeAsk(t, addr, "GET", "/verify/auth-request/one", append(c.header, "X-Original-URI: "+c.uri)...)
				if res.StatusCode != status || res.Header.Get("X-Token-Reason") != reason {
					t.Errorf("%d %q; want %d %q; trusting: %v", res.StatusCode, res.Header.Get("X-Token-Reason"), status, reason, addr == trusting)
				}
			}
		})
	}
}
