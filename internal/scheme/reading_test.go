package scheme

import (
	"crypto"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"videotoken/token"
)

// TestVerifyVectors: the public vectors that are whole URLs, or of which one can be made, are good
// at the second at which they end and expired after it, or of a kind that is not signed here:
// prefixes of the root, or with padding that is not signed here, and Bunny's countries, limits and
// files below a name.
func TestVerifyVectors(t *testing.T) {
	good, unlike := 0, 0
	for _, v := range vectors(t) {
		url := v.URL
		if url == "" {
			url = v.Out
		}
		if v.Scheme == "cloudfront" {
			url = cloudfrontURL(v)
		}
		if !strings.Contains(url, "://") && !strings.HasPrefix(url, "/") {
			continue
		}
		verifier := vectorVerifier(t, v, url)
		if verifier == nil {
			continue
		}
		origin := regexp.MustCompile(`^(https?://[^/]*)?`).FindString(url)
		client, _ := netip.ParseAddr(v.In.IP)
		if v.Name == "nginx-docs" {
			client = netip.MustParseAddr("127.0.0.1")
		}
		if strings.Contains(v.Signed, "192.168.0.0/24") {
			client = netip.MustParseAddr("192.168.0.7")
		} else if strings.Contains(v.Signed, "10.0.0.0/8") {
			client = netip.MustParseAddr("10.1.2.3")
		}
		r, err := verifier.Verify(token.Request{URI: []byte(url[len(origin):]), Client: client,
			Now: 1767200000})
		if r == nil {
			t.Errorf("%s/%s: %s: %v", v.Scheme, v.Name, url, err)
			continue
		}
		_, err = verifier.Verify(token.Request{URI: []byte(url[len(origin):]), Client: client,
			Now: int64(r.Claims.Expiry)})
		_, late := verifier.Verify(token.Request{URI: []byte(url[len(origin):]), Client: client,
			Now: int64(r.Claims.Expiry) + 1})
		if i := strings.LastIndex(url, "Signature=") + len("Signature=") + 9; strings.Contains(url,
			"Signature=") {
			other := map[bool]string{true: "B", false: "A"}[url[i] == 'A']
			forged := url[len(origin):i] + other + url[i+1:]
			if _, forgery := verifier.Verify(token.Request{URI: []byte(forged), Client: client,
				Now: int64(r.Claims.Expiry)}); forgery == nil {
				t.Errorf("%s is good", forged)
			}
		}
		switch {
		case errors.Is(err, ErrUnlike):
			unlike++
		case err != nil || late == nil != r.endless || late != nil && late != token.ErrExpired:
			t.Errorf("%s/%s: %s: %v, %v\n%v", v.Scheme, v.Name, url, err, late, r)
		default:
			good++
		}
	}
	if good != 28 || unlike != 12 {
		t.Errorf("%d are good, and %d not of our kind", good, unlike)
	}
}

// cloudfrontURL returns the URL of a vector of CloudFront's.
func cloudfrontURL(v vector) string {
	found := resource.FindStringSubmatch(v.Signed)
	if v.Signature == "" || found == nil {
		return ""
	}
	path, added := strings.TrimSuffix(found[2], "*"), "Policy="+
		string(appendCloudFront(nil, []byte(v.Signed)))
	if v.Policy == "canned" {
		added = "Expires=1767290400"
	}
	added += "&Signature=" + v.Signature + "&Key-Pair-Id=" + v.KeyID
	if v.Hash != "sha1" {
		added += "&Hash-Algorithm=SHA256"
	}
	path, query, _ := strings.Cut(path, "?")
	return found[1] + join(path, query, added)
}

// vectorVerifier makes the verifier of a vector's key, nil for a vector that is driven elsewhere.
func vectorVerifier(t *testing.T, v vector, url string) *Verifier {
	t.Helper()
	c := CDN{URL: regexp.MustCompile(`^(https?://[^/]*)?`).FindString(url),
		Options: map[string]string{}}
	if c.URL == "" {
		c.URL = testHost
	}
	key := Key{ID: v.KeyName, Secret: []byte(v.Key)}
	kind := Lookup(v.Scheme)
	var err error
	switch v.Scheme {
	case "google-cloud-cdn":
		key.Secret, err = googleSecret(v.Key)
	case "google-media-cdn":
		if strings.HasPrefix(v.Name, "token-") {
			return nil // dual tokens are not built
		}
		key.Secret, err = base64.URLEncoding.DecodeString(v.Key)
	case "cloudfront":
		signer, failed := parsePEM(vectorKey(t, v.Key))
		if failed != nil {
			t.Fatal(failed)
		}
		hash := crypto.SHA256
		if v.Hash == "sha1" {
			hash = crypto.SHA1
		}
		key.ID = v.KeyID
		key.Private, err = newPrivateKey(signer, hash)
	case "secure-link":
		switch {
		case v.Name == "nginx-docs":
			c.Options["preset"], key.Secret = "nginx", []byte("secret")
		case v.Name == "cdn77-docs":
			c.Options["preset"], key.Secret = "cdn77", []byte("l33tf0olol")
		default:
			_, secret, _ := strings.Cut(v.Signed, "?secret=")
			c.Options["preset"], c.Options["unlimited"], key.Secret = "baseline", "true", []byte(secret)
		}
	case "alibaba", "tencent": // with secrets that the configuration refuses
		name := v.Scheme + "-" + strings.ToLower(v.Name)
		p := presets[name]
		l := &secureLinkSigner{secret: v.Key, digest: p.digest, validity: 1800, sums: newMACs(md5.New),
			rands: newMACs(md5.New), hasIssued: true}
		l.origin, _ = c.cut()
		l.expression, _ = parse(p.expression)
		l.template, _ = parse(p.template)
		kind = &Scheme{Name: name, New: func(*CDN) (Signer, error) { return l, nil }}
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Keys = []Key{key}
	return NewVerifier(kind, c)
}

// TestVerifyHost: what was signed for another host is not good, and where the token states the
// host, the reason says so.
func TestVerifyHost(t *testing.T) {
	for _, c := range []struct {
		shape shape
		src   string
		depth int
		want  error
	}{
		{shape{"cat", nil}, "/x.mp4", 0, token.ErrPath},
		{shape{"cloudfront", map[string]string{"placement": "query"}}, "/d/x.m3u8", 1, token.ErrPath},
		{shape{"cloudfront", nil}, "/x.mp4", 0, token.ErrSignature},
		{shape{"google-cloud-cdn", map[string]string{"placement": "query"}}, "/d/x.m3u8", 1,
			token.ErrPath},
		{shape{"google-cloud-cdn", nil}, "/x.mp4", 0, token.ErrSignature},
		{shape{"google-media-cdn", nil}, "/d/x.m3u8", 1, token.ErrSignature},
		{shape{"google-media-cdn", map[string]string{"placement": "query"}}, "/d/x.m3u8", 1,
			token.ErrPath},
	} {
		const host = "https://b.example"
		signer, verifier := c.shape.both(t, host)
		_, other := c.shape.both(t, testHost)
		url := sign(t, signer, c.src, token.Claims{Depth: c.depth})[len(host):]
		if _, err := verifier.Verify(at(url, 0, netip.Addr{})); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if _, err := other.Verify(at(url, 0, netip.Addr{})); err != c.want {
			t.Errorf("%s: %v, want %v", url, err, c.want)
		}
		// A CDN with cookies takes a URL with a token, too.
		kind, parts := c.shape.cdn(host)
		parts.Options[CookieOption] = "true"
		if _, err := NewVerifier(kind, parts).Verify(at(url, 0, netip.Addr{})); err != nil {
			t.Errorf("%s, with cookies: %v", url, err)
		}
	}
}

// TestVerifyBunnyHash: a hash that begins as the mark of an address does is none.
func TestVerifyBunnyHash(t *testing.T) {
	signer, verifier := shape{"bunny", nil}.both(t, testHost)
	for second := uint32(expiry); ; second++ {
		url := sign(t, signer, "/x.mp4", token.Claims{Expiry: second})
		if !strings.Contains(url, "HS256-1-") {
			continue
		}
		if r, err := verifier.Verify(at(url, 0, netip.MustParseAddr("203.0.113.7"))); err != nil {
			t.Errorf("%s: %v\n%v", url, err, r)
		}
		return
	}
}

func cut(at string) func(string) string {
	return func(s string) string { before, _, _ := strings.Cut(s, at); return before }
}

func swap(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

// TestPattern: a template with a variable twice is read by its first.
func TestPattern(t *testing.T) {
	for _, one := range []struct{ template, url, want string }{
		{"?t=$token&e=$expires&f=$expires", "/a?t=x&e=1&f=2", `["/a" "" "t=x&e=1&f=2" "x" "1" ""]`},
		{"?$token", "/a?b=c&x", `["/a" "b=c" "x" "x" ""]`},
		{"$base/p/$expires/$token$wire", "/p/1/x/a?b", `["1" "x" "/a?b"]`},
		{"?t=$token", "/a", "[]"},
	} {
		list, err := parse(one.template)
		if err != nil {
			t.Fatal(err)
		}
		got := list.pattern().FindStringSubmatch(one.url)
		if got != nil {
			got = got[1:]
		}
		if fmt.Sprintf("%q", got) != one.want {
			t.Errorf("%s: %q, want %s", one.template, got, one.want)
		}
	}
}
