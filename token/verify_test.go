package token_test

import (
	"slices"
	"testing"

	"videotoken/token"
)

// TestPrefetch: the session is told once, before it is asked about, and only where there is one.
func TestPrefetch(t *testing.T) {
	key := newKey(t, 7)
	with := token.Claims{Expiry: 2000000000, HasSession: true, Session: [8]byte{7}}
	for _, c := range []struct {
		claims token.Claims
		want   []string
	}{
		{with, []string{"prefetch", "revoked"}},
		{token.Claims{Expiry: 2000000000}, nil},
	} {
		var calls []string
		call := func(name string, session [8]byte) {
			if calls = append(calls, name); session != c.claims.Session {
				t.Errorf("%s of %x", name, session)
			}
		}
		uri := []byte(seedPath + "?token=" + mint(t, key, c.claims, seedPath))
		_, err := token.Keys{key}.Verify(token.Request{
			URI: uri, Now: now,
			Prefetch: func(session [8]byte) { call("prefetch", session) },
			Revoked:  func(session [8]byte) bool { call("revoked", session); return false },
		})
		if err != nil || !slices.Equal(calls, c.want) {
			t.Errorf("session %x: %q, %v", c.claims.Session, calls, err)
		}
	}
}
