package scheme

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"videotoken/internal/uri"
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
		"cloudfront placement=query", "google-cloud-cdn placement=query", "google-media-cdn placement=query",
		"akamai placement=query", "akamai placement=path", "akamai parameter=__token__",
		"cat placement=query", "cat placement=path", "cat issuer=somebody", "cat parameter=cat",
		"secure-link expression=$expires_hex:$wire?$query $ip $secret template=?t=$token&e=$expires_hex",
		"secure-link expression=$uri $ip $expires_utc8 $rand $secret template=$base/$rand/$expires_utc8/$token$wire digest=base64url-padded",
		"secure-link expression=$dir $issued_HEX $ip$secret template=$base/$issued_HEX/$issued/$issued/$token$wire digest=hex validity=1800",
		"secure-link expression=$wire $secret template=?t=$token unlimited=true",
	} {
		name, rest, _ := strings.Cut(one, " ")
		options := map[string]string{}
		for _, o := range []string{"placement", "parameter", "issuer", "expression", "template", "digest", "validity", "unlimited"} {
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
	bits := map[Need]int{IPv4: 32, IPv4Prefix: 8 + random.IntN(24), IPv6: 64, IPv6Address: 128, IPv6Prefix: 32 + random.IntN(32)}
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
	{"/f.mp4", 0}, {"/d/e/f.mp4", 0}, {"/d/e/f.mp4?b=2&a=1", 0}, {"/d/é%20x.mp4?q=%C3%A9", 0}, {"/d/e/", 0},
	{"/d/e/f.m3u8", 1}, {"/d/e/f.m3u8", 2}, {"/d/e/f.m3u8?v=1", 2}, {"/é/e%2Dx/f.m3u8", 2},
}

// sortQuery returns a query with its parameters in a row, since Bunny sorts them.
func sortQuery(query string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(query, "&")), "&")
}

// expect is the claims as they are read back: times at UTC+8 lose their seconds.
func (s shape) expect(c token.Claims) token.Claims {
	if _, options := s.cdn(""); strings.Contains(presets[options.Options["preset"]].template+options.Options["template"], "_utc8") {
		c.Expiry -= c.Expiry % 60
	}
	_, options := s.cdn("")
	if options.Options["preset"] == "baseline" || s.options["unlimited"] == "true" {
		c.Expiry = 0
	}
	c.IP = c.IP.Masked()
	return c
}

// TestVerifyRoundTrip: what a signer signs is read back, claim by claim, and good; and it is not
// good at another time, from another address, with another key or for another path.
func TestVerifyRoundTrip(t *testing.T) {
	for _, s := range shapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			for _, base := range []string{"", "/b/ase"} {
				signer, verifier := s.both(t, testHost+base)
				signed, directories, bound := 0, 0, 0
				for range 120 {
					from := sources[random.IntN(len(sources))]
					c, client := randomClaims(random, signer.Can(), from.depth)
					src := source(t, from.src)
					if Needs(src, &c)&^signer.Can() != 0 || signer.Check(src, &c) != nil {
						continue
					}
					signed++
					url := sign(t, signer, from.src, c)
					r, err := verifier.Verify(at(url, int64(s.expect(c).Expiry), client))
					if err != nil {
						t.Fatalf("%s: %v\n%+v", url, err, r)
					}
					got := r.Claims
					if got.IP = got.IP.Masked(); got != s.expect(c) {
						t.Fatalf("%s: %+v, want %+v", url, got, s.expect(c))
					}
					wire := string(uri.AppendRawPath([]byte(base), src.Path))
					if r.Path != wire || sortQuery(r.Query) != sortQuery(string(src.Query)) || r.Key != "" && r.Key != own[s.name].key.ID {
						t.Fatalf("%s: %s, %s, %s", url, r.Path, r.Query, r.Key)
					}
					if c.Depth > 0 && r.Opens != string(directory([]byte(wire), base, c.Depth)) {
						t.Fatalf("%s opens %s", url, r.Opens)
					}
					s.refusals(t, verifier, url, c, client)
					if c.IP.IsValid() {
						bound++
					}
					if c.Depth > 0 {
						directories++
						s.segments(t, verifier, url, c, client)
					}
				}
				if can := signer.Can(); signed < 10 || can&Directory != 0 && directories == 0 || can&addresses != 0 && bound == 0 {
					t.Errorf("%d signed, %d directories, %d for an address", signed, directories, bound)
				}
			}
		})
	}
}

// refusals asks for a good URL with something wrong.
func (s shape) refusals(t *testing.T, v *Verifier, url string, c token.Claims, client netip.Addr) {
	t.Helper()
	c = s.expect(c)
	other := netip.MustParseAddr("198.51.100.1")
	wrongAddress, noAddress := token.ErrIP, token.ErrIP
	switch own[s.name].scheme {
	case bunny: // which does not state the address
		wrongAddress = token.ErrSignature
	case secureLink: // which does not state that there is one
		wrongAddress, noAddress = token.ErrSignature, token.ErrSignature
	}
	for _, one := range []struct {
		name string
		when bool
		r    token.Request
		want error
	}{
		{"expired", c.Expiry > 0, at(url, int64(c.Expiry)+1, client), token.ErrExpired},
		{"not yet", c.NotBefore > 0, at(url, int64(c.NotBefore)-1, client), token.ErrNotYet},
		{"another address", c.IP.IsValid(), at(url, int64(c.Expiry), other), wrongAddress},
		{"no address", c.IP.IsValid(), at(url, int64(c.Expiry), netip.Addr{}), noAddress},
	} {
		r, err := v.Verify(one.r)
		if one.when && (r == nil || !errors.Is(err, one.want)) {
			t.Fatalf("%s, %s: %v", url, one.name, err)
		}
	}
	// Another key of the same id, and of another.
	wrong := *v
	key := own[s.name].key
	if key.Private != nil {
		key.Private = newCloudFrontTestKey()
	} else {
		key.Secret = bytes.Repeat([]byte("x"), len(key.Secret))
	}
	wrong.cdn.Keys = []Key{key}
	if r, err := wrong.Verify(at(url, 0, client)); r == nil || !errors.Is(err, token.ErrSignature) {
		t.Fatalf("%s, another key: %v", url, err)
	}
	r, err := v.Verify(at(url, 0, client))
	if r.Key == "" {
		return
	}
	key.ID = "another"
	wrong.cdn.Keys = []Key{key}
	if r, err := wrong.Verify(at(url, 0, client)); r == nil || !errors.Is(err, token.ErrUnknownKey) {
		t.Fatalf("%s, another id: %v", url, err)
	}
	wrong.cdn.Keys = []Key{key, own[s.name].key}
	if r2, err2 := wrong.Verify(at(url, 0, client)); r2 == nil || !errors.Is(err2, err) {
		t.Fatalf("%s, the second key: %v, want %v", url, err2, err)
	}
}

// segments asks for other paths with a directory's token.
func (s shape) segments(t *testing.T, v *Verifier, url string, c token.Claims, client netip.Addr) {
	t.Helper()
	want := s.expect(c)
	inQuery := strings.Contains(url, "?v=1&") || !strings.Contains(url, "?v=1") && strings.Contains(url, "?")
	for _, below := range []string{"f.ts", "g/%C3%A9.ts", "", "seg-1.ts?_HLS_msn=3"} {
		segment := strings.Replace(strings.Replace(url, "?v=1&", "?", 1), "?v=1", "", 1)
		if name, query, ok := strings.Cut(below, "?"); ok && inQuery {
			segment = strings.Replace(segment, "f.m3u8?", name+"?"+query+"&", 1)
		} else {
			segment = strings.Replace(segment, "f.m3u8", below, 1)
		}
		if s.name == "bunny" && strings.Contains(below, "?") {
			continue // Bunny hashes it
		}
		r, err := v.Verify(at(segment, int64(want.Expiry), client))
		if err != nil {
			t.Fatalf("%s: %v", segment, err)
		}
		name, _, _ := strings.Cut(below, "?")
		if r.Claims.Depth != want.Depth || r.Claims.Expiry != want.Expiry || !strings.HasSuffix(r.Path, "/"+name) {
			t.Fatalf("%s: %s, %+v, want %+v", segment, r.Path, r.Claims, want)
		}
	}
	for _, name := range []string{"../f.m3u8", "..%2Ff.m3u8", "/f.m3u8"} {
		elsewhere := strings.Replace(url, "f.m3u8", name, 1)
		if _, err := v.Verify(at(elsewhere, int64(want.Expiry), client)); err == nil {
			t.Fatalf("%s is good", elsewhere)
		}
	}
	// The directory beside it.
	end := strings.LastIndex(url, "/f.m3u8")
	if c.Depth == 1 {
		end = strings.LastIndex(url[:end], "/")
	}
	elsewhere := url[:end] + "x" + url[end:]
	if _, err := v.Verify(at(elsewhere, int64(want.Expiry), client)); err == nil {
		t.Fatalf("%s is good", elsewhere)
	}
}

// decode returns a path without percent-encoding: what it asks for.
func decode(t *testing.T, path string) string {
	t.Helper()
	out, err := uri.Canonical(nil, []byte(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestVerifyEveryCharacter: whoever changes, adds or removes a character of a good URL gets one
// that is refused, or one that says the same and asks for the same, or for another path of the
// directory.
func TestVerifyEveryCharacter(t *testing.T) {
	for _, s := range shapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			signer, verifier := s.both(t, testHost+"/b")
			refused, step := 0, 2 // every second source, and of those that take long every fourth
			if own[s.name].scheme.Private != nil {
				step = 4
			}
			for i, from := range sources {
				c, client := randomClaims(random, signer.Can(), from.depth)
				src := source(t, from.src)
				if i%step != step/2 || Needs(src, &c)&^signer.Can() != 0 || signer.Check(src, &c) != nil {
					continue
				}
				url := strings.TrimPrefix(sign(t, signer, from.src, c), testHost)
				good, err := verifier.Verify(at(url, 0, client))
				if err != nil && !errors.Is(err, token.ErrNotYet) {
					t.Fatal(url, err)
				}
				want := good.Claims
				for i := range url {
					for _, put := range []string{"", string(url[i] ^ 1), url[i:i+1] + "0", "A", "a", "0", "1", "f", "/", "%41", "&", "=", "?", "~", ".", "*"} {
						changed := url[:i] + put + url[i+1:]
						r, err := verifier.Verify(at(changed, 0, client))
						if changed == url || err != nil && !errors.Is(err, token.ErrNotYet) {
							refused++
							continue
						}
						below := want.Depth > 0 && strings.HasPrefix(decode(t, r.Path), decode(t, good.Opens))
						if r.Claims != want || r.Path != good.Path && !below || r.Query != good.Query && signer.Can()&Query != 0 && want.Depth == 0 {
							t.Fatalf("%s\n%s is good: %+v, %s, want %+v", url, changed, r.Claims, r.Path, want)
						}
					}
				}
			}
			if refused < 500 {
				t.Errorf("%d were refused", refused)
			}
		})
	}
}
