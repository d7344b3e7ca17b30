package caller_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	luke "lukechampine.com/blake3"

	"videotoken/internal/caller"
	"videotoken/internal/uri"
)

func newKey(tb testing.TB) string {
	tb.Helper()
	key, err := caller.NewKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newSet(tb testing.TB, keys map[string]string) *caller.Set {
	tb.Helper()
	var entries []caller.Entry
	for key, name := range keys {
		entries = append(entries,
			caller.Entry{Hash: caller.HashOf([]byte(key)), Caller: caller.Caller{Name: name}})
	}
	s, err := caller.New(entries)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestFind: each key finds its caller, two keys of one name the same, and whatever differs from a
// key finds nobody.
func TestFind(t *testing.T) {
	old, current, other := newKey(t), newKey(t), newKey(t)
	s := newSet(t, map[string]string{old: "catalogue", current: "catalogue", other: "search"})
	if s.Len() != 3 {
		t.Errorf("%d keys", s.Len())
	}
	for key, name := range map[string]string{old: "catalogue", current: "catalogue", other: "search"} {
		if c := s.Find([]byte(key)); c == nil || c.Name != name {
			t.Errorf("the key of %s finds %v", name, c)
		}
		for i := range len(key) {
			changed := []byte(key)
			changed[i] ^= 1
			if c := s.Find(changed); c != nil {
				t.Errorf("a key with byte %d changed finds %s", i, c.Name)
			}
		}
		for _, wrong := range []string{"", key[1:], key[:len(key)-1], key + "A", key + "=", " " + key,
			key + "\n", strings.ToUpper(key), caller.HashOf([]byte(key)).String()} {
			if c := s.Find([]byte(wrong)); c != nil {
				t.Errorf("%q finds %s", wrong, c.Name)
			}
		}
	}
	if c := s.Find([]byte(newKey(t))); c != nil {
		t.Errorf("a new key finds %s", c.Name)
	}
	var none *caller.Set
	if none.Find([]byte(old)) != nil || none.Len() != 0 {
		t.Error("a nil set finds somebody")
	}
}

// TestKey: the text of a key is what a scanner looks for.
func TestKey(t *testing.T) {
	for seed := range byte(20) {
		random := bytes.Repeat([]byte{seed}, 32)
		key, err := caller.NewKey(bytes.NewReader(random))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(key, "videotoken_"))
		sum := crc32.ChecksumIEEE(random)
		want := append(random, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
		if err != nil || len(key) != 59 || !bytes.Equal(raw, want) {
			t.Errorf("%q: %x, %v", key, raw, err)
		}
	}
	if _, err := caller.NewKey(strings.NewReader("not enough")); err == nil {
		t.Error("a key of ten bytes")
	}
}

// TestHash: the hash is the one that b3sum prints, by another implementation of BLAKE3, and its
// text is read back.
func TestHash(t *testing.T) {
	key := newKey(t)
	h := caller.HashOf([]byte(key))
	if h != luke.Sum256([]byte(key)) {
		t.Errorf("the hash of %q is %v", key, h)
	}
	for _, text := range []string{h.String(), strings.ToUpper(h.String())} {
		if read, err := caller.ParseHash(text); err != nil || read != h {
			t.Errorf("%q: %v, %v", text, read, err)
		}
	}
	for _, wrong := range []string{"", h.String()[1:], h.String() + "0", "g" + h.String()[1:], key,
		" " + h.String()[1:]} {
		if read, err := caller.ParseHash(wrong); !errors.Is(err, caller.ErrHash) ||
			read != (caller.Hash{}) {
			t.Errorf("%q: %v, %v", wrong, read, err)
		}
	}
	if !h.Is([]byte(key)) || h.Is([]byte(newKey(t))) || h.Is(nil) || h.Is([]byte(h.String())) {
		t.Error("Is")
	}
}

func TestNew(t *testing.T) {
	h := caller.HashOf([]byte("x"))
	for name, entries := range map[string][]caller.Entry{
		"one hash twice": {{Hash: h, Caller: caller.Caller{Name: "a"}},
			{Hash: h, Caller: caller.Caller{Name: "b"}}},
		"no name":    {{Hash: h}},
		"a space":    {{Hash: h, Caller: caller.Caller{Name: "a b"}}},
		"a quote":    {{Hash: h, Caller: caller.Caller{Name: `a"`}}},
		"65 letters": {{Hash: h, Caller: caller.Caller{Name: strings.Repeat("a", 65)}}},
	} {
		if _, err := caller.New(entries); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := caller.New([]caller.Entry{
		{Hash: h, Caller: caller.Caller{Name: strings.Repeat("A", 62) + "-_"}}}); err != nil {
		t.Error(err)
	}
}

func ExampleSet_Find() {
	key, err := caller.NewKey(rand.Reader) // `videotoken keygen -caller catalogue`
	if err != nil {
		panic(err)
	}
	films, err := caller.ParsePath("/films/")
	if err != nil {
		panic(err)
	}
	s, err := caller.New([]caller.Entry{{
		Hash: caller.HashOf([]byte(key)),
		Caller: caller.Caller{Name: "catalogue", Paths: caller.Paths{films}, MaxTTL: 3600,
			MaxRenew: caller.Unlimited},
	}})
	if err != nil {
		panic(err)
	}
	c := s.Find([]byte(key))
	path := uri.Path("/films/bbb/master.m3u8")
	fmt.Println(c.Name, c.Allows(path, 2), c.Allows(uri.Path("/live/news.m3u8"), 1))
	// Output: catalogue true false
}
