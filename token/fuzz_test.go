package token_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	luke "lukechampine.com/blake3"

	"videotoken/token"
)

// mintReference is a second implementation of the signer, straight from docs/DESIGN.md, section 3,
// on another BLAKE3.
func mintReference(version byte, id uint16, secret []byte, c token.Claims,
	canonical, query string) string {
	b := []byte{version<<4 | byte(c.Depth), 0}
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
	if c.RenewableUntil|c.TTL != 0 {
		b[1] |= 8
		b = binary.BigEndian.AppendUint32(b, c.RenewableUntil)
		b = binary.BigEndian.AppendUint32(b, c.TTL)
	}
	scope := canonical
	if c.Depth > 0 {
		scope = strings.Join(strings.Split(canonical, "/")[:c.Depth+1], "/") + "/"
	} else if query != "" {
		scope += "\x00" + queryReference(query)
	}
	if version == 2 {
		h := hmac.New(sha256.New, secret)
		fmt.Fprintf(h, "videotoken v2\x00%s%s%s", b, ip, scope)
		return base64.RawURLEncoding.EncodeToString(h.Sum(b)[:len(b)+16])
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
	if refusedRaw.MatchString(path) || !strings.HasPrefix(path, "/") {
		return "", false
	}
	p, err := url.PathUnescape(path)
	if err != nil || !utf8.ValidString(p) || strings.ContainsFunc(p, func(r rune) bool {
		return r < 0x20 || r == 0x7F
	}) {
		return "", false
	}
	segments := strings.Split(p, "/")[1:]
	for i, s := range segments {
		if refusedSegment.MatchString(s) && !(s == "" && i == len(segments)-1) {
			return "", false
		}
	}
	return p, true
}

var (
	refusedRaw     = regexp.MustCompile(`(?i)%2f|%5c|%25|\\|\?|#`)
	refusedSegment = regexp.MustCompile(`^\.{0,2} *(;(?s:.*))?$`)
	taken          = regexp.MustCompile("^(?:[][A-Za-z0-9._~!$&'()*+,;=:@/|^{}`\u0080-\U0010FFFF-]|%[0-9A-Fa-f]{2})*(?:\\?(?:[][A-Za-z0-9._~!$&'()*+,;=:@/?\\\\|^{}`\u0080-\U0010FFFF-]|%[0-9A-Fa-f]{2})*)?$")
	plainPath      = regexp.MustCompile(`[^A-Za-z0-9._~!$&'()*,=:@/-]`)
	plainQuery     = regexp.MustCompile(`[^A-Za-z0-9._~!$&()*+,;=:@/?%-]`)
)

func escapeReference(plain *regexp.Regexp, s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if plain.MatchString(string(rune(c))) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func queryReference(query string) string { return escapeReference(plainQuery, query) }

// FuzzPath: signer and verifier agree on every path and query, and both with the reference.
func FuzzPath(f *testing.F) {
	v := loadVectors(f)
	for _, c := range v.Canonical {
		f.Add(c.Path, "", uint8(0), false)
	}
	for _, c := range v.Mint {
		f.Add(c.Path, c.Query, uint8(c.Depth), true)
	}
	secret := make([]byte, token.SecretSize)
	for i := range secret {
		secret[i] = byte(i) + 7
	}
	second, err := token.NewSHA256Key(8, secret)
	if err != nil {
		f.Fatal(err)
	}
	keys := token.Keys{newKey(f, 7), second}
	f.Fuzz(func(t *testing.T, path, query string, depth uint8, optional bool) {
		canonical, err := token.Canonical(nil, []byte(path))
		want, ok := canonicalReference(path)
		if ok != (err == nil) || string(canonical) != want {
			t.Fatalf("%q: canonical %q, %v; the reference has %q, %v", path, canonical, err, want, ok)
		}
		if err != nil {
			// The verifier refuses it too, whatever comes before it.
			if _, err := keys.Verify(
				token.Request{URI: []byte("/~EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc" + path)}); err == nil {
				t.Fatalf("%q verifies without a canonical form", path)
			}
			return
		}
		claims := token.Claims{Depth: int(depth), Expiry: 2000000000}
		if optional {
			claims = everyClaim
			claims.Depth = int(depth)
			claims.IP = netip.PrefixFrom(client, int(depth)*8%129)
		}
		for i, key := range keys {
			text, err := key.Append(nil, &claims, canonical, []byte(query))
			if errors.Is(err, token.ErrQuery) {
				return
			}
			if fits := int(depth) <= min(canonical.Dirs(), token.MaxDepth); fits != (err == nil) {
				t.Fatalf("%q, depth %d of %d: %v", path, depth, canonical.Dirs(), err)
			}
			if err != nil {
				return
			}
			if want := mintReference(byte(i+1), key.ID(), secret, claims, want,
				query); string(text) != want {
				t.Fatalf("%q: minted %s; the reference %s", path, text, want)
			}
			checkServed(t, keys, string(text), path, query, want, depth)
		}
	})
}

// checkServed verifies a token in the path and in the query, and compares what is served with the
// reference.
func checkServed(t *testing.T, keys token.Keys, text, path, query, canonical string, depth uint8) {
	t.Helper()
	uris := map[string]string{}
	if query == "" || depth > 0 {
		uris["/~"+text+path] = ""
	}
	if tilde := regexp.MustCompile(`^/(~|%7[Ee])`); !tilde.MatchString(path) &&
		!strings.Contains("&"+query, "&token") && !strings.Contains(query, "CMCD") {
		separated := "?"
		if query != "" {
			separated += query + "&"
		}
		uris[path+separated+"token="+text] = queryReference(query)
	}
	for uri, query := range uris {
		if query != "" {
			query = "?" + query
		}
		v, err := keys.Verify(token.Request{URI: []byte(uri), Now: now, Client: client})
		if good := taken.MatchString(uri) && utf8.ValidString(uri) &&
			len(uri) <= 8192; good != (err == nil) {
			t.Fatalf("%q: %v", uri, err)
		}
		if err != nil {
			if !errors.Is(err, token.ErrPath) {
				t.Fatalf("%q: %v", uri, err)
			}
			continue
		}
		if string(v.Path) != path || v.Claims.Depth != int(depth) {
			t.Fatalf("%q: %+v", uri, v)
		}
		if got, want := string(v.AppendURI(nil)),
			escapeReference(plainPath, canonical)+query; got != want {
			t.Fatalf("%q: served %q; the reference %q", uri, got, want)
		}
	}
}

// FuzzVerify: whatever verifies was minted. The only texts that can verify are the seeds', each
// under its own key, time, address and scope; what was accepted signs again to the same text.
func FuzzVerify(f *testing.F) {
	v := loadVectors(f)
	all := v.keys(f)
	minted := map[string]bool{}
	for _, c := range v.Mint {
		minted[c.Token] = true
	}
	for _, c := range v.Accept {
		minted[regexp.MustCompile(`[\w-]{32,60}`).FindString(
			c.URI[max(0, strings.Index(c.URI, "token=")):])] = true
	}
	for _, c := range append(v.Accept, v.Reject...) {
		f.Add([]byte(c.URI), c.Now, parseAddr(c.IP).AsSlice())
	}
	keys := token.Keys{all[7], all[8], all[20]}
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
		_, query, _ := bytes.Cut(got.AppendURI(nil), []byte("?"))
		text, err := all[got.Key].Append(nil, &got.Claims, canonical, query)
		if err != nil || !minted[string(text)] || !bytes.Contains(uri, text) {
			t.Fatalf("%q verified; its claims sign to %s, %v", uri, text, err)
		}
		if now > int64(got.Claims.Expiry)+v.Leeway || now < int64(got.Claims.NotBefore)-v.Leeway {
			t.Fatalf("%q verified at %d", uri, now)
		}
	})
}
