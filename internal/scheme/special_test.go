package scheme

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"videotoken/token"
)

// specials are the characters that signers most often get wrong, in paths and in queries.
var specials = []string{" ", "+", "'", "(", ")", "*", "=", ",", "~", "[", "]", "!", "$", ";", ":",
	"@", "&",
	"\u00e9", "e\u0301", "日本", "🎬", "%20", "%C3%A9", "%2B", "%27", "\"", "<", "|", "^", "`", "{", "}"}

var secretKey = []byte(strings.Repeat("k", 32))

func mac256(text string) []byte {
	h := hmac.New(sha256.New, secretKey)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// recompute are the vendors' formulas, from the URL as it goes over the wire to its signature. Each
// returns the signature that should be in the URL.
var recompute = map[string]func(wire *url.URL, raw string) string{
	"google-cloud-cdn": func(_ *url.URL, raw string) string {
		signed, _, _ := strings.Cut(raw, "&Signature=")
		h := hmac.New(sha1.New, secretKey[:16])
		h.Write([]byte(signed))
		return "&Signature=" + base64.URLEncoding.EncodeToString(h.Sum(nil))
	},
	"akamai": func(u *url.URL, _ string) string {
		fields := "exp=2000000000~acl=" + u.EscapedPath()
		return "hdnea=" + fields + "~hmac=" + hex.EncodeToString(mac256(fields))
	},
	"bunny": func(u *url.URL, _ string) string {
		q := u.Query()
		q.Del("token")
		q.Del("expires")
		parameters := ""
		for name := range q { // one at most in this test
			parameters = name + "=" + q.Get(name)
		}
		return "HS256-" +
			base64.RawURLEncoding.EncodeToString(mac256(u.EscapedPath()+"2000000000"+parameters))
	},
	"secure-link/nginx": func(u *url.URL, _ string) string {
		sum := md5.Sum([]byte("2000000000" + u.Path + " enigma"))
		return "?md5=" + base64.RawURLEncoding.EncodeToString(sum[:])
	},
	"secure-link/keycdn": func(u *url.URL, _ string) string {
		sum := md5.Sum([]byte(u.EscapedPath() + "enigma2000000000"))
		return "?token=" + base64.RawURLEncoding.EncodeToString(sum[:])
	},
}

// TestSpecialCharacters: what is signed is what is on the wire, or the source is refused.
func TestSpecialCharacters(t *testing.T) {
	signed := map[string]int{}
	for name := range own {
		s := newSigner(t, name, "https://a.example")
		for _, special := range specials {
			for _, src := range []string{"/d/a" + special + "b.mp4", "/d/a.mp4?x=" + special + "y"} {
				parsed := source(t, src)
				c := token.Claims{Expiry: expiry}
				if Needs(parsed, &c)&^s.Can() != 0 || s.Check(parsed, &c) != nil {
					continue
				}
				signed[name]++
				raw := sign(t, s, src, c)
				u, err := url.Parse(raw)
				if err != nil {
					t.Fatalf("%s: %v", raw, err)
				}
				for i := range len(raw) {
					if raw[i] <= ' ' || raw[i] >= 0x7F || strings.IndexByte("\"<>\\^`{|}", raw[i]) >= 0 {
						t.Errorf("%s: byte %q is raw in %s", name, raw[i], raw)
						break
					}
				}
				if formula := recompute[name]; formula != nil && !strings.Contains(raw, formula(u, raw)) {
					t.Errorf("%s: %s: %s is not in %s", name, src, formula(u, raw), raw)
				}
				want, _ := url.PathUnescape(strings.SplitN(src, "?", 2)[0])
				if !strings.HasSuffix(u.Path, want) {
					t.Errorf("%s: %s leads to %s", name, src, u.Path)
				}
			}
		}
	}
	for name := range recompute {
		if signed[name] < 10 {
			t.Errorf("%s signed %d sources", name, signed[name])
		}
	}
}

// TestInjection: what a source could smuggle into a signed text is refused, or changes nothing but
// its own place.
func TestInjection(t *testing.T) {
	for _, c := range []struct{ name, src string }{
		{"akamai", "/d/x~exp=4000000000.mp4"},
		{"akamai", "/d/*"},
		{"akamai", "/d/x!/e/y.mp4"},
		{"bunny", "/d/x.mp4?expires=4000000000&token_path=/"},
		{"secure-link/nginx", "/d/x127.0.0.1"},
		{"secure-link/leaseweb", "/s/1"},
	} {
		o := own[c.name]
		s := newSigner(t, c.name, "https://a.example")
		parsed := source(t, c.src)
		if s.Check(parsed, &token.Claims{}) != nil {
			continue
		}
		reserved := false
		for _, name := range o.scheme.Reserved(o.options) {
			reserved = reserved || strings.Contains("&"+strings.ToLower(string(parsed.Query)), "&"+name+"=")
		}
		if !reserved {
			t.Errorf("%s signs %s", c.name, c.src)
		}
	}
}
