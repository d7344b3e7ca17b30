// Package cloudfront compares what the scheme cloudfront signs with what Amazon's own signers sign.
package cloudfront

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
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"

	"videotoken/deploy/e2e/differential"
	"videotoken/internal/scheme"
	"videotoken/token"
)

const keyID = "K2JCJMDEHXQW5F"

// a request is one source with claims.
type request struct {
	wire   string // the URL without its signature
	signed *url.URL
	claims token.Claims
}

// key is a private key and the text of its file.
type key struct {
	crypto.Signer
	file string
}

func newKey(t *testing.T, signer crypto.Signer, err error) key {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	return key{signer, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
}

// requests signs random sources by the scheme.
func requests(t *testing.T, k key, hash string, random *mathrand.Rand) (list []request) {
	t.Helper()
	kind := scheme.Lookup("cloudfront")
	private, err := kind.Private([]byte(k.file), map[string]string{"hash": hash})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kind.New(&scheme.CDN{URL: "https://d111111abcdef8.cloudfront.net/base",
		Keys:    []scheme.Key{{ID: keyID, Private: private}},
		Options: map[string]string{}, Signatures: scheme.NewSignatures(1 << 24)})
	if err != nil {
		t.Fatal(err)
	}
	signed, refused := differential.Requests(t, signer, random)
	t.Logf("%d sources were refused", refused)
	for _, r := range signed {
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		wire := r.URL
		for _, name := range []string{"Expires=", "Policy="} {
			if i := strings.LastIndex(wire, name); i > 0 {
				wire = wire[:i-1]
			}
		}
		list = append(list, request{wire, u, r.Claims})
	}
	return list
}

// parameter returns a query parameter as it stands.
func parameter(u *url.URL, name string) string {
	for _, p := range strings.Split(u.RawQuery, "&") {
		if value, ok := strings.CutPrefix(p, name+"="); ok {
			return value
		}
	}
	return ""
}

// decode decodes CloudFront's base64.
func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(
		strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}

// same reports whether two JSON texts say the same.
func same(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// TestGo compares with Amazon's signer for Go, which signs with SHA-1: canned policies byte for
// byte, and custom ones by what they say, for it writes the conditions in another order.
func TestGo(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	k := newKey(t, private, err)
	good := 0
	for _, r := range requests(t, k, "sha1", mathrand.New(mathrand.NewPCG(1, 1))) {
		theirs := sign.NewURLSigner(keyID, private)
		expires := time.Unix(int64(r.claims.Expiry), 0)
		if r.claims.NotBefore == 0 && !r.claims.IP.IsValid() {
			want, err := theirs.Sign(r.wire, expires)
			if err != nil {
				t.Errorf("%s: %v", r.wire, err)
				continue
			}
			if want == r.signed.String() {
				good++
			} else {
				t.Errorf("got  %s\nwant %s", r.signed, want)
			}
			continue
		}
		p := sign.NewCannedPolicy(r.wire, expires)
		if r.claims.NotBefore != 0 {
			p.Statements[0].Condition.DateGreaterThan = sign.NewAWSEpochTime(
				time.Unix(int64(r.claims.NotBefore), 0))
		}
		if r.claims.IP.IsValid() {
			p.Statements[0].Condition.IPAddress = &sign.IPAddress{SourceIP: r.claims.IP.String()}
		}
		raw, err := theirs.SignWithPolicy(r.wire, p)
		if err != nil {
			t.Errorf("%s: %v", r.wire, err)
			continue
		}
		want, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		policy := decode(t, parameter(r.signed, "Policy"))
		sum := crypto.SHA1.New()
		sum.Write(policy)
		if same(policy, decode(t, parameter(want, "Policy"))) &&
			rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA1, sum.Sum(nil),
				decode(t, parameter(r.signed, "Signature"))) == nil {
			good++
		} else {
			t.Errorf("got  %s\nwant %s", r.signed, want)
		}
	}
	fmt.Printf("cloudfront against aws-sdk-go-v2: %d of %d\n", good, differential.Count)
}

// TestJavaScript compares with Amazon's signer for JavaScript, byte for byte where signatures are
// deterministic.
func TestJavaScript(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	rsaKey := newKey(t, private, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecKey := newKey(t, curve, err)
	for _, c := range []struct {
		name, hash, algorithm string
		key                   key
	}{{"RSA, SHA-256", "sha256", "SHA256", rsaKey}, {"RSA, SHA-1", "sha1", "SHA1", rsaKey},
		{"ECDSA", "sha256", "SHA256", ecKey}} {
		t.Run(c.name, func(t *testing.T) {
			list := requests(t, c.key, c.hash, mathrand.New(mathrand.NewPCG(2, 2)))
			good, urls := 0, 0
			for i, theirs := range signJavaScript(t, list, c.key.file, c.algorithm) {
				ours := list[i].signed
				policy := parameter(ours, "Policy")
				text := []byte(fmt.Sprintf(
					`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`,
					list[i].wire, list[i].claims.Expiry))
				if policy != "" {
					text = decode(t, policy)
				}
				ok := policy == theirs.Cookies["CloudFront-Policy"] &&
					parameter(ours, "Key-Pair-Id") == theirs.Cookies["CloudFront-Key-Pair-Id"] &&
					parameter(ours, "Hash-Algorithm") == theirs.Cookies["CloudFront-Hash-Algorithm"]
				if policy == "" {
					ok = ok && fmt.Sprint(theirs.Expires) == parameter(ours, "Expires")
				}
				if _, rsa := c.key.Signer.(*rsa.PrivateKey); rsa {
					ok = ok && parameter(ours, "Signature") == theirs.Cookies["CloudFront-Signature"]
				} else { // theirs is random
					sum := sha256.Sum256(text)
					ok = ok &&
						ecdsa.VerifyASN1(&curve.PublicKey, sum[:], decode(t, parameter(ours, "Signature"))) &&
						ecdsa.VerifyASN1(&curve.PublicKey, sum[:], decode(t, theirs.Cookies["CloudFront-Signature"]))
				}
				rest, kept := strings.CutPrefix(theirs.URL, list[i].wire)
				if kept && unchanged.MatchString(rest) { // it was not rewritten
					u, err := url.Parse(theirs.URL)
					if err != nil {
						t.Fatal(err)
					}
					urls++
					ok = ok && parameter(u, "Policy") == policy &&
						parameter(u, "Expires") == parameter(ours, "Expires")
				}
				if ok {
					good++
				} else {
					t.Errorf("got  %s\nwant %v", ours, theirs)
				}
			}
			fmt.Printf("cloudfront against @aws-sdk/cloudfront-signer, %s: %d of %d, %d of them by URL\n",
				c.name, good, differential.Count, urls)
			if urls < differential.Count/20 {
				t.Errorf("only %d URLs were compared", urls)
			}
		})
	}
}

var unchanged = regexp.MustCompile(`^[?&](Expires|Policy)=`)

// answer is what Amazon's signer for JavaScript makes of a request.
type answer struct {
	Cookies map[string]string
	Expires int64
	URL     string
}

func signJavaScript(t *testing.T, list []request, file, algorithm string) []answer {
	t.Helper()
	var questions []map[string]any
	for _, r := range list {
		ip := ""
		if r.claims.IP.IsValid() {
			ip = r.claims.IP.String()
		}
		questions = append(questions, map[string]any{"url": r.wire, "expires": r.claims.Expiry,
			"notBefore": r.claims.NotBefore, "ip": ip, "key": file, "algorithm": algorithm})
	}
	return differential.Ask[answer](t, "sign.js", questions)
}
