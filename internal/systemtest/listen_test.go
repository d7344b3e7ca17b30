package systemtest

import (
	"net"
	"strings"
	"testing"
)

// TestListenIPv4: 0.0.0.0 is every IPv4 address and no IPv6 address. An empty host is both.
func TestListenIPv4(t *testing.T) {
	hasIPv6 := false
	if ln, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		_ = ln.Close()
		hasIPv6 = true
	}
	for _, c := range []struct {
		listen, logged string
		ipv6           bool
	}{
		{"0.0.0.0:0", "0.0.0.0:", false},
		{":0", "[::]:", true},
	} {
		p := start(t, "-listen", c.listen)
		_, port, err := net.SplitHostPort(p.addr)
		if err != nil {
			t.Fatal(err)
		}
		if hasIPv6 && !strings.HasPrefix(p.addr, c.logged) {
			t.Errorf("%s: on %s", c.listen, p.addr)
		}
		postSeed(t, "127.0.0.1:"+port)
		conn, err := net.Dial("tcp", "[::1]:"+port)
		if err == nil {
			_ = conn.Close()
		}
		if got := err == nil; hasIPv6 && got != c.ipv6 {
			t.Errorf("%s: IPv6 %v, %v", c.listen, got, err)
		}
	}
}
