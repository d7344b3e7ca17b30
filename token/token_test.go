package token_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"videotoken/token"
)

const now = 1999990000

// everyClaim is a token with every optional claim, for a client in 2001:db8::/64.
var (
	everyClaim = token.Claims{Depth: 2, Expiry: 2000000000, NotBefore: now,
		IP:      netip.MustParsePrefix("2001:db8::/64"),
		Session: [8]byte{0, 1, 2, 3, 4, 5, 6, 7}, HasSession: true, RenewableUntil: 2000040000, TTL: 600}
	client = netip.MustParseAddr("2001:db8::7")
)

func newSecret(id uint16) []byte {
	secret := make([]byte, token.SecretSize)
	for i := range secret {
		secret[i] = byte(i) + byte(id)
	}
	return secret
}

func newKey(tb testing.TB, id uint16) *token.Key {
	tb.Helper()
	k, err := token.NewKey(id, newSecret(id))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func mint(tb testing.TB, k *token.Key, c token.Claims, path string) string {
	tb.Helper()
	p, err := token.Canonical(nil, []byte(path))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := k.Append(nil, &c, p, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func verify(uri string, keys ...*token.Key) error {
	_, err := token.Keys(keys).Verify(token.Request{URI: []byte(uri), Now: now, Leeway: 10,
		Client: client})
	return err
}

// TestEveryClaim: everyClaim has every claim there is, and a second implementation writes the same
// token of it.
func TestEveryClaim(t *testing.T) {
	claims := reflect.ValueOf(everyClaim)
	for i := range claims.NumField() {
		if claims.Field(i).IsZero() {
			t.Errorf("everyClaim has no %s: no test here would see that it is lost",
				claims.Type().Field(i).Name)
		}
	}
	const path = "/a/b/c.mp4"
	if got, want := mint(t, newKey(t, 7), everyClaim, path),
		mintReference(1, 7, newSecret(7), everyClaim, path, ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestEveryBit flips every single bit of a token and of its path, and cuts each at every length,
// and demands that nothing but the original is accepted.
func TestEveryBit(t *testing.T) {
	key := newKey(t, 7)
	for _, c := range []token.Claims{
		{Expiry: 2000000000}, {Depth: 2, Expiry: 2000000000}, everyClaim,
		{Expiry: 2000000000, NotBefore: now}, {Expiry: 2000000000, IP: everyClaim.IP},
		{Expiry: 2000000000, HasSession: true}, {Expiry: 2000000000, TTL: 1},
	} {
		const path = "/hls/bbb/master.m3u8"
		scope := path
		if c.Depth == 2 {
			scope = "/hls/bbb/"
		}
		text := mint(t, key, c, path)
		uris := func(text, path string) []string {
			return []string{"/~" + text + path, path + "?token=" + text, path + "?token=" + text + "&c=d"}
		}
		for _, uri := range uris(text, path) {
			if err := verify(uri, key); err != nil {
				t.Fatalf("%s: %v", uri, err)
			}
		}
		refused := 0
		refuse := func(text, path, what string) {
			for _, uri := range uris(text, path) {
				if err := verify(uri, key); err == nil {
					t.Fatalf("%s accepted: %q", what, uri)
				}
				refused++
			}
		}
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(raw) {
			b := slices.Clone(raw)
			b[bit/8] ^= 1 << (bit % 8)
			refuse(base64.RawURLEncoding.EncodeToString(b), path, fmt.Sprintf("bit %d of the token", bit))
		}
		for bit := range 8 * len(text) {
			b := []byte(text)
			b[bit/8] ^= 1 << (bit % 8)
			refuse(string(b), path, fmt.Sprintf("bit %d of the text", bit))
		}
		for n := range len(raw) {
			refuse(base64.RawURLEncoding.EncodeToString(raw[:n]), path, fmt.Sprintf("%d bytes", n))
		}
		for n := range len(text) {
			refuse(text[:n], path, fmt.Sprintf("%d characters", n))
		}
		for bit := range 8 * len(scope) {
			b := []byte(path)
			b[bit/8] ^= 1 << (bit % 8)
			refuse(text, string(b), fmt.Sprintf("bit %d of the path", bit))
		}
		for n := range len(scope) {
			refuse(text, path[:n], fmt.Sprintf("%d bytes of the path", n))
		}
		if refused < 3*16*len(text) {
			t.Fatalf("only %d variants tried", refused)
		}
	}
}

func TestAppendErrors(t *testing.T) {
	key := newKey(t, 7)
	for _, c := range []struct {
		name   string
		claims token.Claims
		path   string
		want   error
	}{
		{"depth of the path itself", token.Claims{Depth: 1}, "/a", token.ErrDepth},
		{"depth at the last directory", token.Claims{Depth: 1}, "/a/", nil},
		{"depth 15", token.Claims{Depth: 15}, strings.Repeat("/a", 16), nil},
		{"depth 16", token.Claims{Depth: 16}, strings.Repeat("/a", 17), token.ErrDepth},
		{"negative depth", token.Claims{Depth: -1}, "/a", token.ErrDepth},
		{"prefix too long", token.Claims{IP: netip.PrefixFrom(netip.MustParseAddr("1.2.3.4"), 33)}, "/a",
			token.ErrPrefix},
		{"mapped prefix over IPv4", token.Claims{IP: netip.MustParsePrefix("::ffff:0:0/95")}, "/a",
			token.ErrPrefix},
		{"mapped prefix", token.Claims{IP: netip.PrefixFrom(netip.MustParseAddr("::ffff:1.2.3.4"), 128)},
			"/a", nil},
	} {
		if got, err := key.Append([]byte("x"), &c.claims, token.Path(c.path), nil); !errors.Is(err,
			c.want) || err != nil && string(got) != "x" {
			t.Errorf("%s: got %q, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	good := token.FormatSecret(make([]byte, 32))
	for _, s := range []string{"", good[1:], good + "A", good + "=", good[:42] + "B", good[:42] + "\n",
		strings.Repeat("=", 43), good[:42] + "+"} {
		if b, err := token.ParseSecret(s); !errors.Is(err, token.ErrSecret) {
			t.Errorf("%q: got %x, %v", s, b, err)
		}
	}
	if _, err := token.NewKey(1, make([]byte, 31)); !errors.Is(err, token.ErrSecret) {
		t.Errorf("31 bytes: %v", err)
	}
}

// TestKeyPrintsNoSecret: no verb shows more of a key than its id.
func TestKeyPrintsNoSecret(t *testing.T) {
	k := newKey(t, 7)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
		if got := fmt.Sprintf(verb, k); got != "key 7" && verb != "%p" {
			t.Errorf("%s: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, token.Keys{k}); strings.Contains(got, "0x") && verb != "%p" {
			t.Errorf("%s of Keys: %s", verb, got)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	key := newKey(t, 7)
	done := make(chan error)
	for g := range 8 {
		go func() {
			path := token.Path(fmt.Sprintf("/dir-%d/film.mp4", g))
			for i := range 2000 {
				text, err := key.Append(nil, &token.Claims{Expiry: uint32(2000000000 + i)}, path, nil)
				if err == nil {
					err = verify(string(path)+"?token="+string(text), key)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestString(t *testing.T) {
	key := newKey(t, 7)
	uri := "/hls/bbb/720p/1.ts?token=" + mint(t, key, everyClaim, "/hls/bbb/x") + "&x=1"
	v, err := token.Keys{key}.Verify(token.Request{URI: []byte(uri), Now: now, Client: client})
	const want = `path        /hls/bbb/720p/1.ts?x=1
key         7
depth       2
expires     2000000000 (2033-05-18T03:33:20Z)
not before  1999990000 (2033-05-18T00:46:40Z)
ip          2001:db8::/64
session     0001020304050607
renewable   until 2000040000 (2033-05-18T14:40:00Z)
ttl         600 s
`
	if got := v.String(); err != nil || got != want {
		t.Errorf("got\n%s, %v; want\n%s", got, err, want)
	}
}
