package scheme

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// TestVerifyRoundTrip: what a signer signs is read back, claim by claim, and good; and it is not
// good at another time, from another address, with another key or for another path.
func TestVerifyRoundTrip(t *testing.T) {
	for _, s := range shapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			for _, base := range []string{"", "/b/ase"} {
				signer, verifier := s.both(t, testHost+base)
				signed, directories, bound := 0, 0, 0
				rounds := 120
				if own[s.name].scheme.Private != nil {
					rounds = 40 // they take long
				}
				for range rounds {
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
					if r.Path != wire || sortQuery(r.Query) != sortQuery(string(src.Query)) ||
						r.Key != "" && r.Key != own[s.name].key.ID {
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
				if can := signer.Can(); signed < 10 || can&Directory != 0 && directories == 0 ||
					can&addresses != 0 && bound == 0 {
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
	inQuery := strings.Contains(url, "?v=1&") ||
		!strings.Contains(url, "?v=1") && strings.Contains(url, "?")
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
		if r.Claims.Depth != want.Depth || r.Claims.Expiry != want.Expiry ||
			!strings.HasSuffix(r.Path, "/"+name) {
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
					for _, put := range []string{"", string(url[i] ^ 1), url[i:i+1] + "0", "A", "a", "0", "1", "f",
						"/", "%41", "&", "=", "?", "~", ".", "*"} {
						changed := url[:i] + put + url[i+1:]
						r, err := verifier.Verify(at(changed, 0, client))
						if changed == url || err != nil && !errors.Is(err, token.ErrNotYet) {
							refused++
							continue
						}
						below := want.Depth > 0 && strings.HasPrefix(decode(t, r.Path), decode(t, good.Opens))
						if r.Claims != want || r.Path != good.Path && !below ||
							r.Query != good.Query && signer.Can()&Query != 0 && want.Depth == 0 {
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
