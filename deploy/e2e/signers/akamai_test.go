package signers

import (
	"strings"
	"testing"

	"videotoken/deploy/e2e/differential"
)

// TestAkamai compares URLs and cookies with those that have the token of Akamai's library, byte for
// byte.
func TestAkamai(t *testing.T) {
	const name = "hdnea"
	size := func(text string) int { // an access control list may have any character but "~"
		_, mac, _ := strings.Cut(text, "~hmac=")
		return len(text) - len(mac) + 64
	}
	for _, placement := range placements {
		t.Run(placement, func(t *testing.T) {
			list := sign(t, "akamai", placement, map[string]string{"parameter": name}, size)
			var questions []map[string]any
			for _, s := range list {
				acl, ip := s.path(), ""
				if s.Claims.Depth > 0 {
					acl = s.directory() + "*"
				}
				if s.Claims.IP.IsValid() {
					ip = s.Claims.IP.Addr().StringExpanded()
				}
				questions = append(questions, map[string]any{"key": secret, "acl": acl, "ip": ip,
					"start": s.Claims.NotBefore, "end": s.Claims.Expiry, "session": session(s.Claims)})
			}
			good := 0
			for i, theirs := range differential.Ask[string](t, "akamai.js", questions) {
				s := list[i]
				if s.token == theirs && s.URL == s.url(name, theirs) {
					good++
				} else {
					t.Errorf("got  %s %s\nwant %s %s", s.token, s.URL, theirs, s.url(name, theirs))
				}
			}
			report("akamai", "akamai-edgeauth", placement, good, "")
		})
	}
}
