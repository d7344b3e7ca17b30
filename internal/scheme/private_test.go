package scheme

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// testSignatures keeps the signatures of all tests.
var testSignatures = NewSignatures(1 << 24)

// appendMade is Append, with the signatures made that it misses.
func appendMade(s Signer, dst []byte, src *uri.Source, c *token.Claims) ([]byte, error) {
	out, err := s.Append(dst, src, c)
	var miss *Miss
	if errors.As(err, &miss) {
		if err := miss.Make(); err != nil {
			return dst, err
		}
		return s.Append(dst, src, c)
	}
	return out, err
}

// newCloudFrontTestKey makes an ECDSA key, which is made faster than an RSA key.
func newCloudFrontTestKey() *PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p, err := newPrivateKey(k, crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return p
}

// vectorKey returns a PKCS#8 key of the public vectors as PEM.
func vectorKey(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all struct{ Keys map[string]string }
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	if all.Keys[name] == "" {
		tb.Fatalf("no key %s", name)
	}
	der, err := base64.StdEncoding.DecodeString(all.Keys[name])
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

var resource = regexp.MustCompile(`"Resource":"(https://[^/"]*)(/[^"]*)"`)

// cloudfrontVector drives the scheme's URLs, with RSA keys of 1024 bits that the configuration
// refuses.
func cloudfrontVector(t *testing.T, v vector) string {
	signer, err := parsePEM(vectorKey(t, v.Key))
	if err != nil {
		t.Fatal(err)
	}
	hash := crypto.SHA256
	if v.Hash == "sha1" {
		hash = crypto.SHA1
	}
	key, err := newPrivateKey(signer, hash)
	if err != nil {
		t.Fatal(err)
	}
	found := resource.FindStringSubmatch(v.Signed)
	if found == nil {
		t.Fatalf("no resource in %s", v.Signed)
	}
	if v.Name == "custom-cookies-sha1" { // the root has no depth
		signature, err := key.sign([]byte(v.Signed))
		if err != nil {
			t.Fatal(err)
		}
		return string(appendCloudFront(nil, signature))
	}
	c := token.Claims{Expiry: 1767290400}
	if strings.Contains(v.Signed, "DateGreaterThan") {
		c.NotBefore = 1767200000
	}
	if strings.Contains(v.Signed, "192.168.0.0/24") {
		c.IP = netip.MustParsePrefix("192.168.0.0/24")
	}
	options := map[string]string{}
	src := found[2]
	if dir, ok := strings.CutSuffix(src, "*"); ok {
		src, c.Depth, options["placement"] = dir+"x.m3u8", 1, "query"
	}
	s, err := cloudfront.New(&CDN{URL: found[1], Keys: []Key{{ID: v.KeyID, Private: key}}, Options: options, Signatures: testSignatures})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(sign(t, s, src, c))
	if err != nil {
		t.Fatal(err)
	}
	policy, signature, keyID := readCloudFront(t, u)
	if policy != v.Signed || keyID != v.KeyID {
		t.Errorf("signed %s by %s, want %s by %s", policy, keyID, v.Signed, v.KeyID)
	}
	if v.Signature == "" { // ECDSA: the vector has none
		public := signer.Public().(*ecdsa.PublicKey)
		sum := sha256.Sum256([]byte(policy))
		if !ecdsa.VerifyASN1(public, sum[:], signature) {
			t.Error("the signature is not good")
		}
		if again, _ := key.sign([]byte(policy)); string(again) != string(signature) {
			t.Error("another signature for the same policy")
		}
		return v.Out
	}
	return string(appendCloudFront(nil, signature))
}

// mediaVector drives URLs where the configuration can express the vector, else the text that is
// signed.
func mediaVector(t *testing.T, v vector) string {
	seed, err := base64.URLEncoding.DecodeString(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	s := func(base string, options map[string]string) Signer {
		made, err := googleMediaCDN.New(&CDN{URL: base, Keys: []Key{{ID: v.KeyName, Secret: seed}}, Options: options, Signatures: testSignatures})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	at, err := strconv.ParseUint(regexp.MustCompile(`Expires=(\d+)`).FindStringSubmatch(v.Signed)[1], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	c := token.Claims{Expiry: uint32(at)}
	if u, err := url.Parse(v.Out); err == nil && strings.HasPrefix(v.Signed, "http") && u.RawQuery != "" {
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

// readCloudFront reads a URL as CloudFront does: it returns the policy, rebuilt where it is the
// canned one, and its signature.
func readCloudFront(tb testing.TB, u *url.URL) (policy string, signature []byte, keyID string) {
	tb.Helper()
	var rest []string
	values := map[string]string{}
	for _, p := range strings.Split(u.RawQuery, "&") {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm":
			values[name] = value
		default:
			rest = append(rest, p)
		}
	}
	decode := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(text))
		if err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		return b
	}
	plain := u.Scheme + "://" + u.Host + u.EscapedPath()
	if query := strings.Join(rest, "&"); query != "" {
		plain += "?" + query
	}
	policy = `{"Statement":[{"Resource":"` + plain + `","Condition":{"DateLessThan":{"AWS:EpochTime":` + values["Expires"] + `}}}]}`
	if values["Policy"] != "" {
		policy = string(decode(values["Policy"]))
	}
	return policy, decode(values["Signature"]), values["Key-Pair-Id"]
}

// verifyCloudFront decides as CloudFront does whether a viewer may have a URL: it needs the public
// key, the time and the viewer's address, and is written from the Developer Guide ("How CloudFront
// checks the signature and the policy").
func verifyCloudFront(tb testing.TB, public crypto.PublicKey, raw string, now int64, viewer string) bool {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	policy, signature, _ := readCloudFront(tb, u)
	sum := sha256.Sum256([]byte(policy))
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(k, sum[:], signature) {
			return false
		}
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) != nil {
			return false
		}
	}
	var p struct {
		Statement []struct {
			Resource  string
			Condition struct {
				DateLessThan, DateGreaterThan struct {
					EpochTime int64 `json:"AWS:EpochTime"`
				}
				IPAddress struct {
					SourceIP string `json:"AWS:SourceIp"`
				} `json:"IpAddress"`
			}
		}
	}
	if json.Unmarshal([]byte(policy), &p) != nil || len(p.Statement) != 1 {
		return false
	}
	s := p.Statement[0]
	if s.Condition.DateLessThan.EpochTime <= now || s.Condition.DateGreaterThan.EpochTime > now {
		return false
	}
	if network := s.Condition.IPAddress.SourceIP; network != "" &&
		!netip.MustParsePrefix(network).Contains(netip.MustParseAddr(viewer)) {
		return false
	}
	plain, _, _ := strings.Cut(raw, "#")
	for _, name := range []string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"} {
		plain = regexp.MustCompile(`[?&]`+name+`=[^&]*`).ReplaceAllString(plain, "")
	}
	// path.Match has no wildcard for "/": the policy's has.
	hide := strings.NewReplacer("/", "\x01", "[", "\x02", "\\", "\x03").Replace
	ok, err := path.Match(hide(s.Resource), hide(plain))
	return err == nil && ok
}

// TestCloudFrontRules: CloudFront serves what a URL was made for, and nothing else.
func TestCloudFrontRules(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []crypto.Signer{rsaKey, ecKey} {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		key, err := cloudfrontKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), map[string]string{"hash": "sha256"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := cloudfront.New(&CDN{URL: "https://d1.example/base", Keys: []Key{{ID: "K1", Private: key}},
			Options: map[string]string{"placement": "query"}, Signatures: testSignatures})
		if err != nil {
			t.Fatal(err)
		}
		serves := func(raw string, now int64, viewer string) bool {
			return verifyCloudFront(t, private.Public(), raw, now, viewer)
		}
		address := netip.MustParsePrefix("203.0.113.0/24")
		for _, c := range []struct {
			src    string
			claims token.Claims
		}{
			{"/f/x.mp4", token.Claims{}},
			{"/f/x.mp4?a=1&b=%22", token.Claims{}},
			{"/f/x.mp4", token.Claims{NotBefore: expiry - 100, IP: address}},
			{"/f/x.mp4?a=1", token.Claims{IP: address}},
			{"/f/d/x.m3u8", token.Claims{Depth: 1}},
			{"/f/d/x.m3u8?a=1", token.Claims{Depth: 2, NotBefore: expiry - 100}},
		} {
			c.claims.Expiry = expiry
			raw := sign(t, s, c.src, c.claims)
			const at = expiry - 50
			if !serves(raw, at, "203.0.113.7") {
				t.Errorf("%s %+v: refused: %s", c.src, c.claims, raw)
			}
			if serves(raw, expiry, "203.0.113.7") || c.claims.NotBefore != 0 && serves(raw, expiry-101, "203.0.113.7") {
				t.Errorf("%s: served at another time", raw)
			}
			if c.claims.IP.IsValid() && serves(raw, at, "203.0.112.7") {
				t.Errorf("%s: served to another address", raw)
			}
			if serves(strings.Replace(raw, "d1.", "d2.", 1), at, "203.0.113.7") ||
				serves(strings.Replace(raw, "/base/f", "/base/g", 1), at, "203.0.113.7") ||
				serves(strings.Replace(raw, "/base/", "/", 1), at, "203.0.113.7") {
				t.Errorf("%s: opens another host or path", raw)
			}
			inside := strings.Replace(raw, "/x.m", "/y.m", 1)
			if serves(inside, at, "203.0.113.7") != (c.claims.Depth > 0) {
				t.Errorf("%s: served: %t", inside, c.claims.Depth == 0)
			}
			if c.claims.Depth == 0 && strings.Contains(raw, "a=1") && serves(strings.Replace(raw, "a=1", "a=2", 1), at, "203.0.113.7") {
				t.Errorf("%s: another query is served", raw)
			}
		}
	}
}

// TestCloudFrontSpecials: whatever is in a path or query, CloudFront serves that and nothing else,
// or the source is refused.
func TestCloudFrontSpecials(t *testing.T) {
	key := own["cloudfront"].key
	signed := 0
	for _, claims := range []token.Claims{{Expiry: expiry}, {Expiry: expiry, NotBefore: 1}} {
		s := newSigner(t, "cloudfront", "https://a.example")
		for _, special := range append(specials, "?", `\u0022`, "%5B", "%25") {
			for _, src := range []string{"/d/a" + special + "b.mp4", "/d/a.mp4?x=" + special + "y"} {
				parsed := &uri.Source{}
				if _, err := parsed.Parse([]byte(src), nil); err != nil || s.Check(parsed, &claims) != nil {
					continue
				}
				signed++
				raw := sign(t, s, src, claims)
				if !verifyCloudFront(t, key.Private.signer.Public(), raw, expiry-1, "203.0.113.7") {
					t.Errorf("%s: refused: %s", src, raw)
				}
				policy, _, _ := readCloudFront(t, mustParse(t, raw))
				if strings.ContainsAny(resource.FindStringSubmatch(policy)[2], "*\\") || strings.Count(policy, "Resource") != 1 {
					t.Errorf("%s: the policy is %s", src, policy)
				}
			}
		}
	}
	if signed < 60 {
		t.Errorf("%d sources were signed", signed)
	}
}

func mustParse(tb testing.TB, raw string) *url.URL {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

// TestMediaRules: a verifier written from Google's page accepts a URL for what it was made, with the
// signature over everything before it, and nothing that was changed.
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
						strings.Replace(raw, "2000000000", "2000000001", 1), strings.Replace(raw, "/b/d/", "/b/f/", 1),
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

func TestPrivateKeys(t *testing.T) {
	encode := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := func(k any) string {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		return encode("PRIVATE KEY", der, err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	spki, spkiErr := x509.MarshalPKIXPublicKey(p256.Public())
	short := string(vectorKey(t, "rsa-1024-pkcs8"))
	for _, c := range []struct {
		name, pem, hash string
		scheme          *Scheme
		says            string
	}{
		{"RSA, PKCS#8", pkcs8(rsaKey), "sha256", cloudfront, ""},
		{"RSA, PKCS#1", encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), "sha1", cloudfront, ""},
		{"ECDSA, SEC 1", encode("EC PRIVATE KEY", sec1, err), "sha256", cloudfront, ""},
		{"Ed25519", pkcs8(ed), "", googleMediaCDN, ""},
		{"ECDSA with SHA-1", pkcs8(p256), "sha1", cloudfront, "remove hash: sha1"},
		{"P-384", pkcs8(p384), "sha256", cloudfront, "another curve than P-256"},
		{"1024 bits", short, "sha256", cloudfront, "an RSA key of 1024 bits"},
		{"Ed25519 at CloudFront", pkcs8(ed), "sha256", cloudfront, "is an Ed25519 key"},
		{"RSA at Media CDN", pkcs8(rsaKey), "", googleMediaCDN, "is not an Ed25519 key"},
		{"public", encode("PUBLIC KEY", spki, spkiErr), "sha256", cloudfront, `a PEM block of type "PUBLIC KEY"`},
		{"encrypted", encode("ENCRYPTED PRIVATE KEY", sec1, nil), "sha256", cloudfront, "is encrypted"},
		{"damaged", encode("PRIVATE KEY", sec1[1:], nil), "sha256", cloudfront, "cannot be read"},
		{"two", pkcs8(p256) + pkcs8(rsaKey), "sha256", cloudfront, "more than one PEM block"},
		{"text", "K2JCJMDEHXQW5F", "sha256", cloudfront, "is not PEM"},
	} {
		key, err := c.scheme.Private([]byte(c.pem), map[string]string{"hash": c.hash})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || (key == nil) != (err != nil) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}
