//go:build !race

package video_test

import "testing"

// TestNoAllocations is not for the race detector, under which a sync.Pool drops what it holds at
// random.
func TestNoAllocations(t *testing.T) {
	s := newSigner(t)
	options := `{"token":{"ttl":600,"notBefore":1,"ip":"2001:db8::/64","session":"00112233aabbccdd"},` + seed[1:]
	for name, body := range map[string][]byte{
		"the seed": []byte(seed), "PHP's escapes": []byte(php), "deep and unknown": []byte(deep), "not plain": []byte(`{"video":{"\u0073ources":[{"src":"/a"}]}}`), "options": []byte(options), "quotes": []byte(document(`{"src":"/a\"b.mp4?\\"}`)),
		"100 sources": withSources(100), "256 sources": withSources(256),
	} {
		dst := make([]byte, 0, 128<<10)
		if n := testing.AllocsPerRun(1000, func() {
			if _, _, err := s.Append(dst, body, now); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
