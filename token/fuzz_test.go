package token_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	luke "lukechampine.com/blake3"

	"videotoken/token"
)

// mintReference is a second implementation of the signer, straight from docs/DESIGN.md, section 3, on another BLAKE3.
func mintReference(id uint16, secret []byte, c token.Claims, canonical string) string {
	b := []byte{1<<4 | byte(c.Depth), 0}
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint32(b, c.Expiry)
	if c.NotBefore != 0 {
		b[1] |= 1
		b = binary.BigEndian.AppendUint32(b, c.NotBefore)
	}
	var ip []byte
	if c.IP.IsValid() {
		b[1] |= 2
		ip = c.IP.Masked().Addr().AsSlice()
		b = append(b, byte(c.IP.Bits()))
		if len(ip) == 16 {
			b[len(b)-1] += 33
		}
	}
	if c.HasSession {
		b[1] |= 4
		b = append(b, c.Session[:]...)
	}
	scope := canonical
	if c.Depth > 0 {
		scope = strings.Join(strings.Split(canonical, "/")[:c.Depth+1], "/") + "/"
	}
	var k [32]byte
	luke.DeriveKey(k[:], "videotoken 2026-11-23 URL token v1 MAC key", secret)
	h := luke.New(32, k[:])
	_, _ = h.Write(b)
	_, _ = h.Write(ip)
	_, _ = h.Write([]byte(scope))
	return base64.RawURLEncoding.EncodeToString(h.Sum(b)[:len(b)+16])
}

// canonicalReference is a second implementation of Canonical, written for brevity.
func canonicalReference(path string) (string, bool) {
	for _, e := range []string{"%2f", "%2F", "%5c", "%5C", "%25", "\\", "?", "#"} {
		if strings.Contains(path, e) {
			return "", false
		}
	}
	p, err := url.PathUnescape(path)
	if err != nil || !strings.HasPrefix(p, "/") || strings.Contains(p, "//") || strings.ContainsFunc(p, func(r rune) bool { return r < 0x20 || r == 0x7F }) {
		return "", false
	}
	for s := range strings.SplitSeq(p, "/") {
		if s == "." || s == ".." {
			return "", false
		}
	}
	return p, true
}

// FuzzPath: signer and verifier agree on every path, and both with the reference.
func FuzzPath(f *testing.F) {
	v := loadVectors(f)
	for _, c := range v.Canonical {
		f.Add([]byte(c.Path), uint8(0), false)
	}
	for _, c := range v.Mint {
		f.Add([]byte(c.Path), uint8(c.Depth), true)
	}
	key := newKey(f, 7)
	secret := make([]byte, token.SecretSize)
	for i := range secret {
		secret[i] = byte(i) + 7
	}
	f.Fuzz(func(t *testing.T, path []byte, depth uint8, optional bool) {
		canonical, err := token.Canonical(nil, path)
		want, ok := canonicalReference(string(path))
		if ok != (err == nil) || string(canonical) != want {
			t.Fatalf("%q: canonical %q, %v; the reference has %q, %v", path, canonical, err, want, ok)
		}
		if err != nil {
			// The verifier refuses it too, whatever stands in front of it.
			if _, err := (token.Keys{key}).Verify(token.Request{URI: append([]byte("/~EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc"), path...)}); err == nil {
				t.Fatalf("%q verifies without a canonical form", path)
			}
			return
		}
		claims := token.Claims{Depth: int(depth), Expiry: 2000000000}
		if optional {
			claims.NotBefore, claims.HasSession, claims.Session = now, true, everyClaim.Session
			claims.IP = netip.PrefixFrom(client, int(depth)*8%129)
		}
		text, err := key.Append(nil, &claims, canonical)
		if fits := int(depth) <= min(canonical.Dirs(), token.MaxDepth); fits != (err == nil) {
			t.Fatalf("%q, depth %d of %d: %v", path, depth, canonical.Dirs(), err)
		}
		if err != nil {
			return
		}
		if want := mintReference(7, secret, claims, string(canonical)); string(text) != want {
			t.Fatalf("%q: minted %s; the reference %s", path, text, want)
		}
		uris := []string{"/~" + string(text) + string(path)}
		if !bytes.HasPrefix(path, []byte("/~")) {
			uris = append(uris, string(path)+"?token="+string(text), string(path)+"?x=%zz&token="+string(text))
		}
		for _, uri := range uris {
			v, err := token.Keys{key}.Verify(token.Request{URI: []byte(uri), Now: now, Client: client})
			if err != nil || !bytes.Equal(v.Path, path) || v.Claims.Depth != int(depth) {
				t.Fatalf("%q: %+v, %v", uri, v, err)
			}
			if got := string(v.AppendURI(nil)); got != string(path) && got != string(path)+"?x=%zz" {
				t.Fatalf("%q without its token: %q", uri, got)
			}
		}
	})
}

// FuzzVerify: whatever verifies was minted. The only texts that can verify are the seeds', each under its own key,
// time, address and scope; what was accepted signs again to the same text.
func FuzzVerify(f *testing.F) {
	v := loadVectors(f)
	all := v.keys(f)
	minted := map[string]bool{}
	for _, c := range v.Mint {
		minted[c.Token] = true
	}
	for _, c := range append(v.Accept, v.Reject...) {
		f.Add([]byte(c.URI), c.Now, parseAddr(f, c.IP).AsSlice())
	}
	keys := token.Keys{all[7], all[8]}
	f.Fuzz(func(t *testing.T, uri []byte, now int64, ip []byte) {
		before := bytes.Clone(uri)
		addr, _ := netip.AddrFromSlice(ip)
		r := token.Request{URI: uri, Now: now, Leeway: v.Leeway, Client: addr}
		got, err := keys.Verify(r)
		if !bytes.Equal(uri, before) {
			t.Fatal("the URI was written to")
		}
		if err != nil {
			if token.Reason(err) == "" || !errors.Is(err, token.Error(token.Reason(err))) {
				t.Fatalf("%q: an error without a reason: %v", uri, err)
			}
			return
		}
		canonical, err := token.Canonical(nil, got.Path)
		if err != nil {
			t.Fatalf("%q verified with the path %q", uri, got.Path)
		}
		text, err := all[got.Key].Append(nil, &got.Claims, canonical)
		if err != nil || !minted[string(text)] || !bytes.Contains(uri, text) {
			t.Fatalf("%q verified; its claims sign to %s, %v", uri, text, err)
		}
		if now > int64(got.Claims.Expiry)+v.Leeway || now < int64(got.Claims.NotBefore)-v.Leeway {
			t.Fatalf("%q verified at %d", uri, now)
		}
	})
}
