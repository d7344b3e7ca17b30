package uri

import (
	"bytes"
	"testing"
)

// TestOrdinary: what isOrdinary takes for canonical is, and needs no encoding, with every byte at
// every position of paths of many lengths, and of two bytes beside each other.
func TestOrdinary(t *testing.T) {
	ordinary := 0
	check := func(path []byte) {
		if !isOrdinary(path) {
			return
		}
		ordinary++
		canonical, err := Canonical(nil, path)
		if err != nil || !bytes.Equal(canonical, path) ||
			!bytes.Equal(AppendRawPath(nil, path), path) || bytes.IndexByte(path, '%') >= 0 {
			t.Errorf("%q: %q, %v", path, canonical, err)
		}
	}
	const long = "/films/Big_Buck-Bunny.1080p/a/0zAZ9.mp4"
	for n := 1; n <= len(long); n++ {
		for i := 1; i < n; i++ {
			for c := range 256 {
				path := []byte(long[:n])
				path[i] = byte(c)
				check(path)
				if i+1 < n {
					for _, next := range []byte("/.;_-%?# A\x00\x7f\x80\xff^`@[{:") {
						path[i+1] = next
						check(path)
					}
				}
			}
		}
	}
	if ordinary < 10_000 {
		t.Errorf("only %d paths were ordinary", ordinary)
	}
	for _, path := range []string{long, "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4",
		"/directory/", "/12345678"} {
		if !isOrdinary([]byte(path)) {
			t.Errorf("%s is not ordinary", path)
		}
	}
}
