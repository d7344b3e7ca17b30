package video_test

import (
	"net/netip"
	"strings"
	"testing"
)

// TestEveryPrefix: no prefix of the seed's body is accepted, and each is told that it is cut off.
func TestEveryPrefix(t *testing.T) {
	s := newSigner(t)
	for n := range len(seed) {
		detail := "ends too early"
		if n == 0 {
			detail = "is empty"
		}
		_, _, err := s.Append(nil, []byte(seed[:n]), now)
		if err == nil || !strings.Contains(err.Error(), detail) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// TestEveryByte changes every byte of the seed's body to every other value and demands that the
// result is either refused or right.
func TestEveryByte(t *testing.T) {
	s := newSigner(t)
	accepted := 0
	for i := range len(seed) {
		for c := range 256 {
			body := []byte(seed)
			body[i] = byte(c)
			out, _, err := s.Append(nil, body, now)
			if err == nil {
				accepted++
				if err := checkAnswer(body, out, netip.Addr{}); err != nil {
					t.Fatalf("byte %d as %#x: %v", i, c, err)
				}
			}
		}
	}
	if accepted < len(seed) {
		t.Fatalf("only %d accepted", accepted)
	}
}
