package scheme

import (
	"net/url"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

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
				if strings.ContainsAny(resource.FindStringSubmatch(policy)[2], "*\\") ||
					strings.Count(policy, "Resource") != 1 {
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
