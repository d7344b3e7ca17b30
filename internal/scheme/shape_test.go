package scheme

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"videotoken/token"
)

// shape is a CDN whose URLs are read back: one of own, with options of its own.
type shape struct {
	name    string
	options map[string]string
}

// shapes are every foreign scheme, every preset of secure-link, and every placement.
var shapes = func() (list []shape) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !own[name].scheme.IsOwn() {
			list = append(list, shape{name, nil})
		}
	}
	for _, one := range []string{
		"cloudfront placement=query", "google-cloud-cdn placement=query",
		"google-media-cdn placement=query",
		"akamai placement=query", "akamai placement=path", "akamai parameter=__token__",
		"cat placement=query", "cat placement=path", "cat issuer=somebody", "cat parameter=cat",
		"secure-link expression=$expires_hex:$wire?$query $ip $secret template=?t=$token&e=$expires_hex",
		"secure-link expression=$uri $ip $expires_utc8 $rand $secret " +
			"template=$base/$rand/$expires_utc8/$token$wire digest=base64url-padded",
		"secure-link expression=$dir $issued_HEX $ip$secret " +
			"template=$base/$issued_HEX/$issued/$issued/$token$wire digest=hex validity=1800",
		"secure-link expression=$wire $secret template=?t=$token unlimited=true",
	} {
		name, rest, _ := strings.Cut(one, " ")
		options := map[string]string{}
		for _, o := range []string{"placement", "parameter", "issuer", "expression", "template", "digest",
			"validity", "unlimited"} {
			if _, value, ok := strings.Cut(" "+rest, " "+o+"="); ok {
				for _, next := range []string{" template=", " digest=", " validity=", " unlimited="} {
					value, _, _ = strings.Cut(value, next)
				}
				options[o] = value
			}
		}
		list = append(list, shape{name, options})
	}
	return list
}()

// cdn returns what the signer and the verifier of the shape are made of.
func (s shape) cdn(url string) (*Scheme, CDN) {
	o := own[s.name]
	options := maps.Clone(o.options)
	maps.Copy(options, s.options)
	return o.scheme, CDN{URL: url, Keys: []Key{o.key}, Options: options, Signatures: testSignatures}
}

// both returns the signer and the verifier of the shape.
func (s shape) both(tb testing.TB, url string) (Signer, *Verifier) {
	tb.Helper()
	kind, c := s.cdn(url)
	signer, err := kind.New(&c)
	if err != nil {
		tb.Fatalf("%v: %v", s, err)
	}
	return signer, NewVerifier(kind, c)
}

const testHost = "https://a.example"

// at is a request for a URL on testHost.
func at(url string, now int64, client netip.Addr) token.Request {
	return token.Request{URI: []byte(strings.TrimPrefix(url, testHost)), Now: now, Client: client}
}

// randomClaims returns claims of which a signer can express many, and an address that they are for.
func randomClaims(random *rand.Rand, can Need, depth int) (c token.Claims, client netip.Addr) {
	c = token.Claims{Expiry: 1_900_000_000 + random.Uint32N(100_000_000), Depth: depth}
	if can&Start != 0 && random.IntN(2) == 0 {
		c.NotBefore = c.Expiry - 1 - random.Uint32N(100_000)
	}
	if can&Session != 0 && random.IntN(2) == 0 {
		c.HasSession = true
		for i := range c.Session {
			c.Session[i] = byte(random.Uint32())
		}
	}
	client = netip.AddrFrom4([4]byte{203, 0, 113, byte(random.Uint32())})
	bits := map[Need]int{IPv4: 32, IPv4Prefix: 8 + random.IntN(24), IPv6: 64, IPv6Address: 128,
		IPv6Prefix: 32 + random.IntN(32)}
	for need, n := range bits {
		if can&need == 0 || c.IP.IsValid() || random.IntN(2) == 0 {
			continue
		}
		if need&(IPv4|IPv4Prefix) == 0 {
			sixteen := [16]byte{0x20, 0x01, 0x0d, 0xb8, 9: byte(random.Uint32()), 15: 0xFF}
			client = netip.AddrFrom16(sixteen)
		}
		c.IP, _ = client.Prefix(n)
	}
	return c, client
}

// sources are what is signed: the path, and below which directories a token is for it.
var sources = []struct {
	src   string
	depth int
}{
	{"/f.mp4", 0}, {"/d/e/f.mp4", 0}, {"/d/e/f.mp4?b=2&a=1", 0}, {"/d/é%20x.mp4?q=%C3%A9", 0},
	{"/d/e/", 0},
	{"/d/e/f.m3u8", 1}, {"/d/e/f.m3u8", 2}, {"/d/e/f.m3u8?v=1", 2}, {"/é/e%2Dx/f.m3u8", 2},
}

// sortQuery returns a query with its parameters in a row, since Bunny sorts them.
func sortQuery(query string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(query, "&")), "&")
}

// expect is the claims as they are read back: times at UTC+8 lose their seconds.
func (s shape) expect(c token.Claims) token.Claims {
	if _, options := s.cdn(""); strings.Contains(presets[options.Options["preset"]].template+
		options.Options["template"], "_utc8") {
		c.Expiry -= c.Expiry % 60
	}
	_, options := s.cdn("")
	if options.Options["preset"] == "baseline" || s.options["unlimited"] == "true" {
		c.Expiry = 0
	}
	c.IP = c.IP.Masked()
	return c
}
