//go:build !race

package video_test

import (
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/video"
)

// TestNoAllocations is not for the race detector, under which a sync.Pool drops what it holds at
// random.
func TestNoAllocations(t *testing.T) {
	plain, catalogue, keeps := newSigner(t), newCatalogue(t, false, plyr...), newCatalogue(t, true)
	mixed := newMixed(t, cdn.RoundRobin, "own", "link", "akamai")
	options :=
		`{"token":{"ttl":600,"notBefore":1,"ip":"2001:db8::/64","session":"00112233aabbccdd"},` + seed[1:]
	batch := []byte(`{"videos":[{"sources":[{"src":"/a.mp4"}]}` +
		strings.Repeat(`,{"sources":[{"src":"/a.mp4"}]}`, 63) + `]}`)
	for name, c := range map[string]struct {
		signer *video.Signer
		body   []byte
	}{
		"the seed":         {plain, []byte(seed)},
		"PHP's escapes":    {plain, []byte(php)},
		"deep and unknown": {plain, []byte(deep)},
		"not plain":        {plain, []byte(`{"video":{"\u0073ources":[{"src":"/a"}]}}`)},
		"options":          {plain, []byte(options)},
		"quotes":           {plain, []byte(document(`{"src":"/a\"b.mp4?\\"}`))},
		"100 sources":      {plain, withSources(100)},
		"256 sources":      {plain, withSources(256)},
		"64 videos":        {plain, batch},
		"a Plyr document":  {catalogue, []byte(plyrDocument)},
		"absolute URLs": {catalogue,
			[]byte(document(`{"src":"https://old.example/films/a?v=1"},{"src":"//one.example/b"}`))},
		"foreign URLs": {keeps, []byte(document(`{"src":"https://foreign.example/a"},{"src":"x"}`))},
		"scope and choice": {catalogue,
			[]byte(`{"token":{"scope":"/a/","exclude":["one"]},` + document(`{"src":"/a/b/c.m3u8"}`)[1:])},
		"schemes": {mixed, []byte(document(`{"src":"/a.mp4"},{"src":"/d/b.m3u8"}`))},
		"schemes that can": {mixed,
			[]byte(`{"token":{"exclude":["own"],"session":"0011223344556677"},` + seed[1:])},
		"a CDN by name": {catalogue, []byte(`{"token":{"cdn":"two"},` + seed[1:])},
	} {
		dst := make([]byte, 0, 128<<10)
		if n := testing.AllocsPerRun(1000, func() {
			if _, _, err := c.signer.Append(dst, c.body, now); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
