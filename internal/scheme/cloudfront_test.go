package scheme

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"videotoken/token"
)

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
	s, err := cloudfront.New(&CDN{URL: found[1], Keys: []Key{{ID: v.KeyID, Private: key}},
		Options: options, Signatures: testSignatures})
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
		b, err := base64.StdEncoding.DecodeString(
			strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(text))
		if err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		return b
	}
	plain := u.Scheme + "://" + u.Host + u.EscapedPath()
	if query := strings.Join(rest, "&"); query != "" {
		plain += "?" + query
	}
	policy = `{"Statement":[{"Resource":"` + plain +
		`","Condition":{"DateLessThan":{"AWS:EpochTime":` + values["Expires"] + `}}}]}`
	if values["Policy"] != "" {
		policy = string(decode(values["Policy"]))
	}
	return policy, decode(values["Signature"]), values["Key-Pair-Id"]
}

// verifyCloudFront decides as CloudFront does whether a viewer may have a URL: it needs the public
// key, the time and the viewer's address, and is written from the Developer Guide ("How CloudFront
// checks the signature and the policy").
func verifyCloudFront(tb testing.TB, public crypto.PublicKey, raw string, now int64,
	viewer string) bool {
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
		key, err := cloudfrontKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
			map[string]string{"hash": "sha256"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := cloudfront.New(&CDN{URL: "https://d1.example/base",
			Keys:    []Key{{ID: "K1", Private: key}},
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
			if serves(raw, expiry, "203.0.113.7") ||
				c.claims.NotBefore != 0 && serves(raw, expiry-101, "203.0.113.7") {
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
			if c.claims.Depth == 0 && strings.Contains(raw, "a=1") &&
				serves(strings.Replace(raw, "a=1", "a=2", 1), at, "203.0.113.7") {
				t.Errorf("%s: another query is served", raw)
			}
		}
	}
}
