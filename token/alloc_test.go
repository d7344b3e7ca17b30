//go:build !race

package token_test

import (
	"testing"

	"videotoken/token"
)

// TestNoAllocations is not for the race detector, under which a sync.Pool drops what it holds at
// random.
func TestNoAllocations(t *testing.T) {
	key := newKey(t, 7)
	keys := token.Keys{newKey(t, 8), key}
	buf, path := make([]byte, 0, 256), make(token.Path, 0, 256)
	src := []byte("/hls/b%20b/master.m3u8")
	uri := []byte("/~" + mint(t, key, everyClaim, string(src)) + string(src) + "?x=1")
	for name, f := range map[string]func() error{
		"sign": func() (err error) {
			if path, err = token.Canonical(path[:0], src); err == nil {
				_, err = key.Append(buf, &everyClaim, path, nil)
			}
			return err
		},
		"verify": func() error {
			v, err := keys.Verify(token.Request{URI: uri, Now: now, Leeway: 10, Client: client})
			v.AppendURI(buf)
			return err
		},
		"refuse": func() error {
			if _, err := keys[:1].Verify(token.Request{URI: uri, Now: now}); err != token.ErrUnknownKey {
				t.Fatal(err)
			}
			return nil
		},
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
