package scheme

import (
	"net/netip"
	"testing"

	"videotoken/token"
)

func TestNoAllocations(t *testing.T) {
	for name := range own {
		s := newSigner(t, name, "https://a.example")
		for _, c := range []struct {
			src    string
			claims token.Claims
		}{
			{"/films/Big_Buck_Bunny_1080p.mp4", token.Claims{}},
			{"/films/Big_Buck_Bunny_1080p.mp4?a=1&b=2", token.Claims{}},
			{"/films/a/master.m3u8", token.Claims{Depth: 2, IP: netip.MustParsePrefix("203.0.113.7/32"),
				HasSession: true, NotBefore: 1}},
			{"/films/a/master.m3u8", token.Claims{Depth: 2}},
		} {
			src := source(t, c.src)
			c.claims.Expiry = expiry
			if Needs(src, &c.claims)&^s.Can() != 0 || s.Check(src, &c.claims) != nil {
				continue
			}
			dst := make([]byte, 0, 4096)
			if _, err := appendMade(s, dst, src, &c.claims); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(200, func() {
				if s.Check(src, &c.claims) != nil {
					t.Fatal("refused")
				}
				if _, err := s.Append(dst, src, &c.claims); err != nil {
					t.Fatal(err)
				}
			}); n != 0 && !raceEnabled {
				t.Errorf("%s, %s: %v allocations", name, c.src, n)
			}
		}
	}
}

// BenchmarkScheme has a row for each scheme, and where signatures are kept one for a miss besides:
// the signature is made.
func BenchmarkScheme(b *testing.B) {
	for name := range own {
		s := newSigner(b, name, "https://a.example")
		src, c := source(b, "/films/Big_Buck_Bunny_1080p.mp4"), token.Claims{Expiry: expiry}
		if s.Check(src, &c) != nil {
			src, c = source(b, "/films/Big_Buck_Bunny_1080p.m3u8"), token.Claims{Expiry: expiry, Depth: 1}
		}
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 4096)
			if _, err := appendMade(s, dst, src, &c); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				_, _ = s.Append(dst, src, &c)
			}
		})
		next := c
		next.Expiry++
		if _, err := s.Append(nil, src, &next); err == nil {
			continue
		}
		b.Run(name+"/miss", func(b *testing.B) {
			dst := make([]byte, 0, 4096)
			for b.Loop() {
				next.Expiry++
				if _, err := appendMade(s, dst, src, &next); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
