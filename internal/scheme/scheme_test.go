package scheme

import (
	"net/netip"
	"strings"
	"testing"

	"videotoken/token"
)

// TestURLs has a URL of each kind of each scheme. What is
// signed is checked by TestRecomputed.
func TestURLs(t *testing.T) {
	session := token.Claims{Session: [8]byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
		HasSession: true}
	address := token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")}
	directory := token.Claims{Depth: 2}
	shown := map[*Scheme]bool{}
	for _, c := range []struct {
		name, url string
		options   []string
		src       string
		claims    token.Claims
		want      string // with "@" for the signature
	}{
		{"videotoken", "https://a.example/base", nil, "/f/x.mp4?a=1#t", token.Claims{},
			"https://a.example/base/f/x.mp4?a=1&token=@#t"},
		{"videotoken", "https://a.example/base", nil, "/f/d/x.m3u8?a=1", directory,
			"https://a.example/base/~@/f/d/x.m3u8?a=1"},
		{"videotoken-sha256", "https://a.example", nil, "/f/x.mp4", token.Claims{},
			"https://a.example/f/x.mp4?token=@"},
		{"cloudfront", "https://a.example/base", nil, "/f/é.mp4#t",
			token.Claims{}, "https://a.example/base/f/%C3%A9.mp4?Expires=2000000000&Signature=@&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256#t"},
		{"cloudfront", "https://a.example", nil, "/x.mp4?a=1",
			address, "https://a.example/x.mp4?a=1&Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9hLmV4YW1wbGUveC5tcDQ~YT0xIiwiQ29uZGl0aW9uIjp7IkRhdGVMZXNzVGhhbiI6eyJBV1M6RXBvY2hUaW1lIjoyMDAwMDAwMDAwfSwiSXBBZGRyZXNzIjp7IkFXUzpTb3VyY2VJcCI6IjIwMy4wLjExMy43LzMyIn19fV19&Signature=@&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"},
		{"cloudfront", "https://a.example/b", []string{"placement", "query"}, "/f/d/x.m3u8?a=1",
			directory, "https://a.example/b/f/d/x.m3u8?a=1&Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9hLmV4YW1wbGUvYi9mL2QvKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MjAwMDAwMDAwMH19fV19&Signature=@&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"},
		{"google-media-cdn", "https://a.example/base", nil, "/x y.mp4?a=1#t", token.Claims{},
			"https://a.example/base/x%20y.mp4?a=1&Expires=2000000000&KeyName=my-key&Signature=@#t"},
		{"google-media-cdn", "https://a.example/b", nil, "/f/d/e/x.m3u8?a=1#t",
			directory, "https://a.example/b/f/d/edge-cache-token=Expires=2000000000&KeyName=my-key&Signature=@/e/x.m3u8?a=1#t"},
		{"google-media-cdn", "https://a.example", []string{"placement", "query"}, "/f/d/x.mpd",
			directory, "https://a.example/f/d/x.mpd?URLPrefix=aHR0cHM6Ly9hLmV4YW1wbGUvZi9kLw&Expires=2000000000&KeyName=my-key&Signature=@"},
		{"akamai", "https://a.example/base", nil, "/f/é.mp4#t",
			session, "https://a.example/base/f/%C3%A9.mp4?hdnea=exp=2000000000~acl=/base/f/%C3%A9.mp4~id=0011223344556677~hmac=@#t"},
		{"akamai", "https://a.example/base", nil, "/f/d/e/x.m3u8?a=1", directory,
			"https://a.example/hdnea=exp=2000000000~acl=/base/f/d/*~hmac=@/base/f/d/e/x.m3u8?a=1"},
		{"akamai", "https://a.example", []string{"placement", "query", "parameter", "hdnts"},
			"/f/d/x.m3u8?a=1", directory,
			"https://a.example/f/d/x.m3u8?a=1&hdnts=exp=2000000000~acl=/f/d/*~hmac=@"},
		{"akamai", "https://a.example", []string{"placement", "path"}, "/x.mp4", address,
			"https://a.example/hdnea=ip=203.0.113.7~exp=2000000000~acl=/x.mp4~hmac=@/x.mp4"},
		{"google-cloud-cdn", "https://a.example/base", nil, "/x y.mp4?a=1#t", token.Claims{},
			"https://a.example/base/x%20y.mp4?a=1&Expires=2000000000&KeyName=my-key&Signature=@#t"},
		{"google-cloud-cdn", "https://a.example", []string{"placement", "query"}, "/f/d/x.mpd",
			directory, "https://a.example/f/d/x.mpd?URLPrefix=aHR0cHM6Ly9hLmV4YW1wbGUvZi9kLw==&Expires=2000000000&KeyName=my-key&Signature=@"},
		{"bunny", "https://a.example/base", nil, "/x.mp4?b=2&a=%20%C3%A9", token.Claims{},
			"https://a.example/base/x.mp4?token=HS256-@&a=%20%C3%A9&b=2&expires=2000000000"},
		{"bunny", "https://a.example/base", nil, "/f/d/x.m3u8",
			token.Claims{Depth: 2,
				IP: address.IP}, "https://a.example/bcdn_token=HS256-1-@&token_path=%2Fbase%2Ff%2Fd%2F&expires=2000000000/base/f/d/x.m3u8"},
		{"secure-link/nginx", "https://a.example", nil, "/x.mp4#t", address,
			"https://a.example/x.mp4?md5=@&expires=2000000000#t"},
		{"secure-link/cdn77", "https://a.example", nil, "/x.mp4", token.Claims{},
			"https://a.example/x.mp4?secure=@,2000000000"},
		{"secure-link/alibaba-b", "https://a.example/b", nil, "/x.mp4", token.Claims{},
			"https://a.example/203305181103/@/b/x.mp4"},
		{"secure-link/alibaba-c1", "https://a.example", nil, "/x.mp4", token.Claims{},
			"https://a.example/@/77358CF8/x.mp4"},
		{"secure-link/tencent-c", "https://a.example", nil, "/x.mp4", token.Claims{},
			"https://a.example/@/77358cf8/x.mp4"},
		{"secure-link/tencent-d", "https://a.example", nil, "/x.mp4", token.Claims{},
			"https://a.example/x.mp4?sign=@&t=1999998200"},
		{"secure-link/baseline", "https://a.example", nil, "/x.mp4", token.Claims{},
			"https://a.example/x.mp4?token=@"},
		{"secure-link", "https://a.example/b", nil, "/f/d/x.m3u8?a=1", directory,
			"https://a.example/@/2000000000/b/f/d/x.m3u8?a=1"},
		{"cat", "https://a.example:8443", nil, "/x.mp4?a=1", token.Claims{},
			"https://a.example:8443/x.mp4?a=1&CTA-Common-Access-Token=@"},
		{"cat", "https://a.example", nil, "/f/d/x.m3u8?a=1", directory,
			"https://a.example/CTA-Common-Access-Token=@/f/d/x.m3u8?a=1"},
	} {
		shown[own[c.name].scheme] = true
		got := sign(t, newSigner(t, c.name, c.url, c.options...), c.src, c.claims)
		before, after, _ := strings.Cut(c.want, "@")
		if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) ||
			len(got) < len(c.want)+15 {
			t.Errorf("%s: got  %s\nwant %s", c.name, got, c.want)
		}
	}
	for _, s := range All {
		if !shown[s] {
			t.Errorf("this test has no URL of %s", s.Name)
		}
	}
}

// TestNoClaimIsDropped asks for every claim of every scheme, and looks for it in the URL, or for
// the refusal: a URL with the claim must differ from one without it.
func TestNoClaimIsDropped(t *testing.T) {
	claims := map[Need]token.Claims{
		Directory:   {Depth: 1},
		Start:       {NotBefore: 1_900_000_000},
		IPv4:        {IP: netip.MustParsePrefix("203.0.113.7/32")},
		IPv4Prefix:  {IP: netip.MustParsePrefix("203.0.113.0/24")},
		IPv6:        {IP: netip.MustParsePrefix("2001:db8::/64")},
		IPv6Address: {IP: netip.MustParsePrefix("2001:db8::1/128")},
		IPv6Prefix:  {IP: netip.MustParsePrefix("2001:db8::/48")},
		Session:     {HasSession: true, Session: [8]byte{1}},
		Renewal:     {RenewableUntil: expiry, TTL: 60},
	}
	for need := Need(1); need <= all; need <<= 1 {
		if _, ok := claims[need]; !ok && need != Query {
			t.Errorf("this test asks for no token with %v", need)
		}
	}
	for name := range own {
		s := newSigner(t, name, "https://a.example")
		for need, c := range claims {
			src := source(t, "/d/x.m3u8")
			if got := Needs(src, &c); got != need {
				t.Fatalf("%v needs %v", need, got)
			}
			if s.Can()&need == 0 || s.Check(src, &c) != nil {
				continue
			}
			plain := token.Claims{Depth: c.Depth}
			if need == Directory {
				plain.Depth = 0
				if s.Check(src, &plain) != nil {
					continue
				}
			}
			if sign(t, s, "/d/x.m3u8", c) == sign(t, s, "/d/x.m3u8", plain) {
				t.Errorf("%s dropped %v", name, need)
			}
		}
		query := source(t, "/d/x.mp4?a=1")
		if s.Can()&Query != 0 && s.Check(query, &token.Claims{}) == nil {
			one, other := sign(t, s, "/d/x.mp4?a=1", token.Claims{}),
				sign(t, s, "/d/x.mp4?a=2", token.Claims{})
			if strings.Replace(one, "a=1", "a=2", 1) == other {
				t.Errorf("%s does not sign the query", name)
			}
		}
	}
}

// TestEveryByteCounts: another path, query, expiry or address has another signature, in every
// scheme that says it signs that.
func TestEveryByteCounts(t *testing.T) {
	for name := range own {
		s := newSigner(t, name, "https://a.example")
		seen := map[string]string{}
		for _, c := range []struct {
			src    string
			claims token.Claims
		}{
			{"/d/x.mp4", token.Claims{}},
			{"/d/y.mp4", token.Claims{}},
			{"/e/x.mp4", token.Claims{}},
			{"/d/x.mp4", token.Claims{Expiry: expiry + 3600}},
			{"/d/x.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.7/32")}},
			{"/d/x.mp4", token.Claims{IP: netip.MustParsePrefix("203.0.113.8/32")}},
			{"/d/e/x.m3u8", token.Claims{Depth: 1}},
			{"/d/e/x.m3u8", token.Claims{Depth: 2}},
		} {
			src := source(t, c.src)
			if Needs(src, &c.claims)&^s.Can() != 0 || s.Check(src, &c.claims) != nil {
				continue
			}
			signature := strings.Replace(sign(t, s, c.src, c.claims), c.src, "", 1)
			signature = strings.NewReplacer("2000000000", "", "2000003600", "").Replace(signature)
			if other, ok := seen[signature]; ok && name != "secure-link/baseline" {
				t.Errorf("%s: %s %+v is signed as %s", name, c.src, c.claims, other)
			}
			seen[signature] = c.src
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, src string
		depth     int
		refused   bool
	}{
		{"cloudfront", "/a*b.mp4", 0, true},
		{"cloudfront", "/a%2Ab.mp4", 0, false},
		{"cloudfront", "/a.mp4?x=*", 0, true},
		{"cloudfront", "/a.mp4?x=?", 0, true},
		{"cloudfront", "/a.mp4?x=1", 0, false},
		{"akamai", "/a*b.mp4", 0, true},
		{"akamai", "/a%3Fb.mp4", 0, true},
		{"akamai", "/a!b.mp4", 0, true},
		{"akamai", "/a/~b.mp4", 0, true},
		{"akamai", "/a,b;c(d).mp4", 0, false},
		{"akamai", "/a'b.mp4", 0, true},
		{"akamai", "/a&b.mp4", 0, true},
		{"akamai", "/a&b'c/d.m3u8", 1, false}, // its token is in the path
		{"bunny", "/s/1", 0, true},
		{"bunny", "/s/film.7", 0, true},
		{"bunny", "/s/1/x.m3u8", 2, false},
		{"bunny", "/%61.mp4", 0, true},
		{"bunny", "/a.mp4?x=1%26y=2", 0, true},
		{"bunny", "/a.mp4?x=1%3D2", 0, true},
		{"bunny", "/a.mp4?x=1=2", 0, true},
		{"bunny", "/a.mp4?7x=1", 0, true},
		{"secure-link/nginx", "/s/face", 0, true},
		{"secure-link/nginx", "/s/x:", 0, true},
		{"bunny", "/a b.mp4", 0, true},
		{"bunny", "/é.mp4", 0, true},
		{"bunny", "/a+b.mp4", 0, true},
		{"bunny", "/a'b(c)!~.mp4", 0, false},
		{"bunny", "/a.mp4?x", 0, true},
		{"bunny", "/a.mp4?x=1&x=2", 0, true},
		{"bunny", "/a.mp4?x=1+2", 0, true},
		{"bunny", "/a.mp4?x=1&", 0, true},
		{"bunny", "/a.mp4?x[]=1", 0, true},
		{"bunny", "/d/a.m3u8?x=1", 1, true},
		{"bunny", "/a.mp4?b=1&a=%25", 0, false},
		{"secure-link/nginx", "/s/1", 0, true},
		{"secure-link/nginx", "/s/film.7", 0, true},
		{"secure-link/nginx", "/s/film.mp4", 0, false},
		{"secure-link/nginx", "/s/film", 0, false},
		{"secure-link/tencent-c", "/s/abc", 0, true},
		{"secure-link/tencent-c", "/s/film.ac3", 0, true},
		{"secure-link/tencent-c", "/s/film.mp4", 0, false},
		{"secure-link/cdn77", "/s/1", 0, false},
		{"secure-link/keycdn", "/s/1", 0, false},
		{"secure-link", "/d/a.mp4", 0, true},
		{"secure-link", "/d/a.m3u8", 1, false},
	} {
		s := newSigner(t, c.name, "https://a.example")
		if err := s.Check(source(t, c.src),
			&token.Claims{Depth: c.depth, Expiry: expiry}); (err != nil) != c.refused {
			t.Errorf("%s, %s: %v", c.name, c.src, err)
		}
	}
}
