package e2e

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// cookieScheme is a scheme that opens directories with cookies, with a key.
type cookieScheme struct {
	name    string
	entry   string // of the service's configuration: the scheme and the key
	cookies int    // how many cookies open a directory
	// opens is the CDN's part: it reports whether cookies open a URL.
	opens func(url string, cookies map[string]string) bool
}

// cookieSchemes makes keys. What opens is written from the vendors' documentation, which
// docs/schemes.md has the formulas of, and not from the service's code.
func cookieSchemes(t *testing.T) []cookieScheme {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cf.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // it never fails: the process ends instead
	return []cookieScheme{
		{"akamai", fmt.Sprintf("scheme: akamai, keys: [{secret_hex: %x}]", secret), 1,
			func(url string, cookies map[string]string) bool { return akamaiOpens(secret, url, cookies) }},
		{"google-cloud-cdn", fmt.Sprintf("scheme: google-cloud-cdn, keys: [{id: my-key, secret: %q}]",
			base64.URLEncoding.EncodeToString(secret)), 1,
			func(url string, cookies map[string]string) bool { return googleOpens(secret, url, cookies) }},
		{"cloudfront", fmt.Sprintf("scheme: cloudfront, keys: [{id: K2JCJMDEHXQW5F, "+
			"private_key_file: %q}]",
			file), 4,
			func(url string, cookies map[string]string) bool {
				return cloudfrontOpens(&private.PublicKey, url, cookies)
			}},
		{"google-media-cdn", fmt.Sprintf("scheme: google-media-cdn, keys: [{id: my-keyset-key, "+
			"secret: %q}]",
			base64.RawURLEncoding.EncodeToString(signer.Seed())), 1,
			func(url string, cookies map[string]string) bool {
				return googleMediaOpens(signer.Public().(ed25519.PublicKey), url, cookies)
			}},
		{"cat", fmt.Sprintf("scheme: cat, keys: [{id: k1, secret_hex: %x}]", signer.Seed()), 1,
			func(url string, cookies map[string]string) bool {
				return catOpens(signer.Seed(), url, cookies)
			}},
	}
}

// fields cuts a text of NAME=VALUE parts into its last value, what is before that, and all values.
func fields(text, separator, last string) (before, value string, values map[string]string) {
	before, value, _ = strings.Cut(text, separator+last+"=")
	values = map[string]string{}
	for _, part := range strings.Split(before, separator) {
		name, v, _ := strings.Cut(part, "=")
		values[name] = v
	}
	return before, value, values
}

// future reports whether a time in Unix seconds is not over.
func future(seconds string) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && n > time.Now().Unix()
}

// pathOf returns the path of a URL as it goes over the wire.
func pathOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest[strings.IndexByte(rest, '/'):]
}

// akamaiOpens verifies a token of Akamai's Auth Token 2.0: fields that "~" joins, and the
// hexadecimal digits of HMAC-SHA256 over what is before the last. "*" at the end of the list stands
// for anything.
func akamaiOpens(secret []byte, url string, cookies map[string]string) bool {
	signed, mac, values := fields(cookies["hdnea"], "~", "hmac")
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(signed))
	directory, isPattern := strings.CutSuffix(values["acl"], "*")
	return mac == hex.EncodeToString(h.Sum(nil)) && future(values["exp"]) && isPattern &&
		strings.HasPrefix(pathOf(url), directory)
}

// googleOpens verifies a cookie of Cloud CDN: HMAC-SHA1 over what is before the signature.
func googleOpens(secret []byte, url string, cookies map[string]string) bool {
	signed, signature, values := fields(cookies["Cloud-CDN-Cookie"], ":", "Signature")
	h := hmac.New(sha1.New, secret)
	h.Write([]byte(signed))
	prefix, err := base64.URLEncoding.DecodeString(values["URLPrefix"])
	return err == nil && signature == base64.URLEncoding.EncodeToString(h.Sum(nil)) &&
		future(values["Expires"]) && values["KeyName"] == "my-key" && len(prefix) > 0 &&
		strings.HasPrefix(url, string(prefix))
}

// googleMediaOpens verifies a cookie of Media CDN: Ed25519 over what is before the signature.
func googleMediaOpens(key ed25519.PublicKey, url string, cookies map[string]string) bool {
	signed, text, values := fields(cookies["Edge-Cache-Cookie"], ":", "Signature")
	encoding := base64.RawURLEncoding.Strict()
	signature, err1 := encoding.DecodeString(text)
	prefix, err2 := encoding.DecodeString(values["URLPrefix"])
	return err1 == nil && err2 == nil && ed25519.Verify(key, []byte(signed), signature) &&
		future(values["Expires"]) && values["KeyName"] == "my-keyset-key" && len(prefix) > 0 &&
		strings.HasPrefix(url, string(prefix))
}

// cloudfrontOpens verifies the cookies of CloudFront: a policy in JSON, and its signature.
func cloudfrontOpens(key *rsa.PublicKey, url string, cookies map[string]string) bool {
	characters, encoding := strings.NewReplacer("-", "+", "_", "=", "~", "/"),
		base64.StdEncoding.Strict()
	text, err1 := encoding.DecodeString(characters.Replace(cookies["CloudFront-Policy"]))
	signature, err2 := encoding.DecodeString(characters.Replace(cookies["CloudFront-Signature"]))
	sum := sha256.Sum256(text)
	if err1 != nil || err2 != nil ||
		rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil ||
		cookies["CloudFront-Key-Pair-Id"] != "K2JCJMDEHXQW5F" ||
		cookies["CloudFront-Hash-Algorithm"] != "SHA256" {
		return false
	}
	var policy struct {
		Statement []struct {
			Resource  string
			Condition struct {
				DateLessThan struct {
					Time json.Number `json:"AWS:EpochTime"`
				}
			}
		}
	}
	if json.Unmarshal(text, &policy) != nil || len(policy.Statement) != 1 {
		return false
	}
	directory, isPattern := strings.CutSuffix(policy.Statement[0].Resource, "*")
	return isPattern && strings.HasPrefix(url, directory) &&
		future(string(policy.Statement[0].Condition.DateLessThan.Time))
}

// cookieEdge serves films to pages of one origin that have the cookies of a scheme, and notes what
// it answered.
type cookieEdge struct {
	scheme cookieScheme
	player string // the origin
	films  http.Handler

	mu       sync.Mutex
	answered []cookieAnswer
}

// cookieAnswer is what an edge answered, and to how many cookies.
type cookieAnswer struct {
	path    string
	cookies int
	status  int
}

func (e *cookieEdge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", e.player)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Vary", "Origin")
	cookies := map[string]string{}
	for _, c := range r.Cookies() {
		cookies[c.Name] = c.Value
	}
	a := cookieAnswer{r.URL.Path, len(cookies), http.StatusOK}
	if !e.scheme.opens("https://"+r.Host+r.URL.EscapedPath(), cookies) {
		a.status = http.StatusForbidden
	}
	e.mu.Lock()
	e.answered = append(e.answered, a)
	e.mu.Unlock()
	if a.status == http.StatusForbidden {
		w.WriteHeader(a.status)
		return
	}
	e.films.ServeHTTP(w, r)
}

// take returns what was answered since the last call.
func (e *cookieEdge) take() []cookieAnswer {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.answered
	e.answered = nil
	return taken
}
