package scheme

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// mediaVector drives URLs where the configuration can express the vector, else the text that is
// signed.
func mediaVector(t *testing.T, v vector) string {
	seed, err := base64.URLEncoding.DecodeString(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	s := func(base string, options map[string]string) Signer {
		made, err := googleMediaCDN.New(&CDN{URL: base, Keys: []Key{{ID: v.KeyName, Secret: seed}},
			Options: options, Signatures: testSignatures})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	at, err := strconv.ParseUint(regexp.MustCompile(`Expires=(\d+)`).FindStringSubmatch(v.Signed)[1],
		10, 32)
	if err != nil {
		t.Fatal(err)
	}
	c := token.Claims{Expiry: uint32(at)}
	if u, err := url.Parse(v.Out); err == nil && strings.HasPrefix(v.Signed, "http") &&
		u.RawQuery != "" {
		query, _, _ := strings.Cut(u.RawQuery, "Expires=")
		return sign(t, s(u.Scheme+"://"+u.Host, nil), strings.TrimRight(u.Path+"?"+query, "?&"), c)
	}
	// What is signed is no directory of one segment or more, or has padding in it.
	key, err := newPrivateKey(ed25519.NewKeyFromSeed(seed), 0)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.sign([]byte(v.Signed))
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(v.Out, "Signature=")
	_, after, _ = strings.Cut(after, "/")
	if after != "" {
		after = "/" + after
	}
	joint := string(before[len(before)-1])
	before = strings.TrimSuffix(before, joint)
	out := string(appendMediaSignature([]byte(before), signature))
	if joint == ":" {
		out = strings.Replace(out, "&Signature=", ":Signature=", 1)
	}
	return out + after
}

// TestMediaRules: a verifier written from Google's page accepts a URL for what it was made, with
// the signature over everything before it, and nothing that was changed.
func TestMediaRules(t *testing.T) {
	public := ed25519.NewKeyFromSeed(own["google-media-cdn"].key.Secret).Public().(ed25519.PublicKey)
	verify := func(raw string) bool {
		raw, _, _ = strings.Cut(raw, "#")
		if before, rest, ok := strings.Cut(raw, "/edge-cache-token="); ok {
			fields, _, _ := strings.Cut(rest, "/")
			terms, signature, _ := strings.Cut(fields, "&Signature=")
			b, err := base64.RawURLEncoding.DecodeString(signature)
			return err == nil && ed25519.Verify(public, []byte(before+"/edge-cache-token="+terms), b)
		}
		signed, signature, _ := strings.Cut(raw, "&Signature=")
		b, err := base64.RawURLEncoding.DecodeString(signature)
		if i := strings.Index(signed, "URLPrefix="); i >= 0 {
			prefix, _, _ := strings.Cut(signed[i+len("URLPrefix="):], "&")
			p, err := base64.RawURLEncoding.DecodeString(prefix)
			if err != nil || !strings.HasPrefix(raw, string(p)) || !strings.HasSuffix(string(p), "/") {
				return false
			}
			signed = signed[i:]
		}
		return err == nil && ed25519.Verify(public, []byte(signed), b)
	}
	for _, placement := range []string{"", "query"} {
		s := newSigner(t, "google-media-cdn", "https://a.example/b", "placement", placement)
		for _, special := range append(specials, "%25") {
			for _, src := range []string{"/d/e/a" + special + "b.m3u8", "/d/e/a.m3u8?x=" + special + "y"} {
				for depth := range 3 {
					parsed := &uri.Source{}
					c := token.Claims{Expiry: expiry, Depth: depth}
					if _, err := parsed.Parse([]byte(src), nil); err != nil || s.Check(parsed, &c) != nil {
						continue
					}
					raw := sign(t, s, src, c)
					if !verify(raw) {
						t.Errorf("%s at depth %d: refused: %s", src, depth, raw)
					}
					for _, other := range []string{
						strings.Replace(raw, "2000000000", "2000000001", 1),
						strings.Replace(raw, "/b/d/", "/b/f/", 1),
						strings.Replace(raw, "a.example", "b.example", 1),
					} {
						if other != raw && verify(other) {
							t.Errorf("served: %s", other)
						}
					}
				}
			}
		}
	}
}
