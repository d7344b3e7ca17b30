package scheme

import (
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// FuzzVerify: no URL makes a verifier panic, and whatever it accepts is signed again as a URL that
// it accepts with the same claims.
func FuzzVerify(f *testing.F) {
	client := netip.MustParseAddr("203.0.113.7")
	var signers []Signer
	var verifiers []*Verifier
	for n, s := range shapes {
		signer, verifier := s.both(f, testHost+"/b")
		signers, verifiers = append(signers, signer), append(verifiers, verifier)
		for _, from := range sources {
			c := token.Claims{Expiry: expiry, Depth: from.depth}
			src := source(f, from.src)
			if Needs(src, &c)&^signer.Can() == 0 && signer.Check(src, &c) == nil {
				f.Add(uint8(n), strings.TrimPrefix(sign(f, signer, from.src, c), testHost))
			}
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, url string) {
		i := int(n) % len(signers)
		r, err := verifiers[i].Verify(at(url, 0, client))
		if r != nil {
			_ = r.String()
		}
		if err != nil {
			return
		}
		query := r.Query
		if r.anyQuery {
			query = ""
		}
		again := sign(t, signers[i], join(strings.TrimPrefix(r.Path, "/b"), query, ""), r.Claims)
		same, err := verifiers[i].Verify(at(again, 0, client))
		if err != nil || same.Claims != r.Claims || same.Path != r.Path || same.Opens != r.Opens {
			t.Fatalf("%s\n%s: %v\n%v\n%v", url, again, err, same, r)
		}
	})
}

// FuzzSigned: whatever is signed, of a source without reserved names, is read back and good.
func FuzzSigned(f *testing.F) {
	for n := range shapes {
		for _, from := range sources {
			f.Add(uint8(n), from.src, uint8(from.depth), uint32(expiry))
		}
	}
	client := netip.MustParseAddr("203.0.113.7")
	f.Fuzz(func(t *testing.T, n uint8, text string, depth uint8, at uint32) {
		s := shapes[int(n)%len(shapes)]
		signer, verifier := s.both(t, testHost+"/b")
		src := &uri.Source{}
		c := token.Claims{Expiry: at, Depth: int(depth % 16)}
		if n >= 128 {
			c.IP = netip.PrefixFrom(client, 32)
		}
		if _, err := src.Parse([]byte(text), nil); err != nil || len(src.Fragment) > 0 ||
			c.Depth > src.Canonical.Dirs() {
			return
		}
		asked := &Reading{Path: string(src.Canonical), Query: string(src.Query)}
		if Needs(src, &c)&^signer.Can() != 0 || signer.Check(src, &c) != nil ||
			verifier.isRepeated(asked) {
			return
		}
		url, err := appendMade(signer, nil, src, &c)
		if err != nil {
			return // it is too long
		}
		r, err := verifier.Verify(token.Request{URI: url[len(testHost):], Client: client,
			Now: int64(s.expect(c).Expiry)})
		if err != nil || r.Claims != s.expect(c) {
			t.Fatalf("%s\n%v\n%v", url, err, r)
		}
	})
}
