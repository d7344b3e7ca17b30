package scheme

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"videotoken/token"
)

// cookiesOf returns the cookies that a scheme makes, by name.
func cookiesOf(t *testing.T, s Signer, src string,
	c token.Claims) (path string, cookies map[string]string) {
	t.Helper()
	c.Expiry = expiry
	path, list, err := s.(CookieSigner).Cookies(source(t, src), &c)
	var miss *Miss
	if errors.As(err, &miss) {
		if err := miss.Make(); err != nil {
			t.Fatal(err)
		}
		path, list, err = s.(CookieSigner).Cookies(source(t, src), &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	cookies = map[string]string{}
	for _, c := range list {
		cookies[c.Name] = c.Value
	}
	return path, cookies
}

// TestCookies: the cookies of each scheme open the directory by the vendor's formula, and their
// values are such as RFC 6265 takes.
func TestCookies(t *testing.T) {
	media := ed25519.NewKeyFromSeed(own["google-media-cdn"].key.Secret).Public().(ed25519.PublicKey)
	for name, check := range map[string]func(map[string]string) bool{
		"akamai": func(c map[string]string) bool {
			fields, mac, _ := strings.Cut(c["hdnea"], "~hmac=")
			return fields == "exp=2000000000~acl=/base/f/d/*" && mac == hex.EncodeToString(mac256(fields))
		},
		"google-cloud-cdn": func(c map[string]string) bool {
			signed, mac, _ := strings.Cut(c["Cloud-CDN-Cookie"], ":Signature=")
			h := hmac.New(sha1.New, secretKey[:16])
			h.Write([]byte(signed))
			return mac == base64.URLEncoding.EncodeToString(h.Sum(nil)) &&
				signed == "URLPrefix="+base64.URLEncoding.EncodeToString([]byte("https://a.example/base/f/d/"))+
					":Expires=2000000000:KeyName=my-key"
		},
		"google-media-cdn": func(c map[string]string) bool {
			signed, text, _ := strings.Cut(c["Edge-Cache-Cookie"], ":Signature=")
			signature, err := base64.RawURLEncoding.DecodeString(text)
			return err == nil && ed25519.Verify(media, []byte(signed), signature) &&
				signed == "URLPrefix="+base64.RawURLEncoding.EncodeToString(
					[]byte("https://a.example/base/f/d/"))+":Expires=2000000000:KeyName=my-key"
		},
		"cloudfront": func(c map[string]string) bool {
			raw := "https://a.example/base/f/d/e/seg.ts?Policy=" + c["CloudFront-Policy"] + "&Signature=" +
				c["CloudFront-Signature"] +
				"&Key-Pair-Id=" + c["CloudFront-Key-Pair-Id"] + "&Hash-Algorithm=" +
				c["CloudFront-Hash-Algorithm"]
			public := own["cloudfront"].key.Private.signer.Public()
			return c["CloudFront-Hash-Algorithm"] == "SHA256" &&
				verifyCloudFront(t, public, raw, expiry-1, "203.0.113.7") &&
				!verifyCloudFront(t, public, strings.Replace(raw, "/d/", "/e/", 1), expiry-1, "203.0.113.7") &&
				!verifyCloudFront(t, public, raw, expiry, "203.0.113.7")
		},
		// That a token of the URL form and the cookie are one is enough: TestRecomputed has the URL's.
		"cat": func(c map[string]string) bool {
			plain := sign(t, newSigner(t, "cat", "https://a.example/base"), "/f/d/e/x.m3u8",
				token.Claims{Depth: 2})
			return strings.Contains(plain, "CTA-Common-Access-Token="+c["CTA-Common-Access-Token"]+"/base/")
		},
	} {
		s := newSigner(t, name, "https://a.example/base", CookieOption, "true")
		path, cookies := cookiesOf(t, s, "/f/d/e/x.m3u8?a=1", token.Claims{Depth: 2})
		if path != "/base/f/d/" || !check(cookies) {
			t.Errorf("%s: %s, %v", name, path, cookies)
		}
		for _, value := range cookies {
			if strings.ContainsAny(value, " \",;\\") || len(value) > 4000 {
				t.Errorf("%s: a cookie cannot have the value %s", name, value)
			}
		}
		if got := sign(t, s, "/f/d/é x.m3u8?a=1#t",
			token.Claims{Depth: 2}); got != "https://a.example/base/f/d/%C3%A9%20x.m3u8?a=1#t" {
			t.Errorf("%s: a playlist's URL is %s", name, got)
		}
		if got := sign(t, s, "/f/x.mp4", token.Claims{}); got == "https://a.example/base/f/x.mp4" {
			t.Errorf("%s: a file's URL has no token", name)
		}
		if s.Can()&Directory == 0 {
			t.Errorf("%s cannot express a directory with its cookies", name)
		}
		for src, refused := range map[string]bool{"/a+b/x.m3u8": true, "/a,b/x.m3u8": true,
			"/a b/x.m3u8": false, "/é/x.m3u8": false,
			"/a%2Cb/x.m3u8": false, "/a/x,y.m3u8": false, "/a/b=c/x.m3u8": false, "/a;b/x.m3u8": true} {
			if err := s.Check(source(t, src), &token.Claims{Depth: 1}); (err != nil) != refused {
				t.Errorf("%s: %s: %v", name, src, err)
			}
		}
	}
	for _, s := range All {
		signer := newSignerOf(t, s)
		if _, has := signer.(CookieSigner); has != s.Cookies {
			t.Errorf("%s says that it has cookies: %t", s.Name, s.Cookies)
		}
	}
}

func newSignerOf(t *testing.T, s *Scheme) Signer {
	t.Helper()
	return newSigner(t, s.Name, "https://a.example")
}

// TestCookieClaims: what the URL's token says, the cookie says, too.
func TestCookieClaims(t *testing.T) {
	claims := token.Claims{Depth: 1, NotBefore: 1_900_000_000,
		IP: netip.MustParsePrefix("203.0.113.7/32"), HasSession: true, Session: [8]byte{1}}
	for _, name := range []string{"akamai", "cloudfront", "cat"} {
		s := newSigner(t, name, "https://a.example", CookieOption, "true")
		for need, drop := range map[Need]func(*token.Claims){
			Start:   func(c *token.Claims) { c.NotBefore = 0 },
			IPv4:    func(c *token.Claims) { c.IP = netip.Prefix{} },
			Session: func(c *token.Claims) { c.HasSession = false },
		} {
			if s.Can()&need == 0 {
				continue
			}
			less := claims
			drop(&less)
			_, with := cookiesOf(t, s, "/d/x.m3u8", claims)
			_, without := cookiesOf(t, s, "/d/x.m3u8", less)
			same := true
			for key := range with {
				same = same && with[key] == without[key]
			}
			if same {
				t.Errorf("%s drops %v from its cookies", name, need)
			}
		}
	}
}
