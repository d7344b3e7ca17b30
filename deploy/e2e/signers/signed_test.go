// Package signers compares what the schemes akamai and cat sign with what their vendors' libraries
// sign and accept.
package signers

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"videotoken/deploy/e2e/differential"
	"videotoken/internal/scheme"
	"videotoken/token"
)

const (
	host   = "media.example.net"
	origin = "https://" + host
	wire   = "/base/%C3%A9" // the base path of the CDN
	secret = "00112233445566778899aabbccddeeff0123456789abcdef"
	keyID  = "k1"
)

// placements are the ways to carry a token: the option placement, or cookies.
var placements = []string{"", "query", "path", "cookies"}

// signed is a request whose URL is taken apart.
type signed struct {
	differential.Request
	token  string
	rest   string // the path and query without the token
	cookie bool   // the token is a cookie's
	inPath bool
}

// path returns the path without the token, and query the query.
func (s signed) path() string  { p, _, _ := strings.Cut(s.rest, "?"); return p }
func (s signed) query() string { _, q, _ := strings.Cut(s.rest, "?"); return q }

// directory returns the directory of the claims, with its slash.
func (s signed) directory() string {
	segments := strings.SplitAfter(s.path(), "/")
	return strings.Join(segments[:1+strings.Count(wire, "/")+s.Claims.Depth], "")
}

// url returns the URL that has a token where this one has it.
func (s signed) url(name, token string) string {
	switch {
	case s.cookie:
		return origin + s.rest
	case s.inPath:
		return origin + "/" + name + "=" + token + s.rest
	case strings.Contains(s.rest, "?"):
		return origin + s.rest + "&" + name + "=" + token
	}
	return origin + s.rest + "?" + name + "=" + token
}

// session returns the text of the claims' session, which is empty if there is none.
func session(c token.Claims) string {
	if !c.HasSession {
		return ""
	}
	return hex.EncodeToString(c.Session[:])
}

// sign signs random sources by a scheme, and takes their URLs apart. The token is at the end of the
// query or in a segment of the path, after the option parameter and "=". size returns how long the
// token is that a text begins with.
func sign(t *testing.T, name, placement string, options map[string]string,
	size func(string) int) []signed {
	t.Helper()
	key, err := hex.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(options)
	if placement == "cookies" {
		all[scheme.CookieOption] = "true"
	} else {
		all["placement"] = placement
	}
	kind := scheme.Lookup(name)
	k := scheme.Key{Secret: key}
	if kind.KeyID {
		k.ID = keyID
	}
	signer, err := kind.New(&scheme.CDN{URL: origin + wire, Keys: []scheme.Key{k}, Options: all})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, uint64(len(placement))))
	requests, refused := differential.Requests(t, signer, random)
	t.Logf("%d sources were refused", refused)
	var list []signed
	for _, r := range requests {
		s := signed{Request: r, cookie: r.Claims.Depth > 0 && placement == "cookies"}
		s.inPath = !s.cookie && (placement == "path" || placement != "query" && r.Claims.Depth > 0)
		rest, ok := strings.CutPrefix(r.URL, origin)
		if s.cookie {
			s.rest = rest
			s.token = cookie(t, signer.(scheme.CookieSigner), s, all["parameter"])
		} else {
			before, after, found := strings.Cut(rest, all["parameter"]+"=")
			ok = ok && found && before != ""
			s.token = after[:size(after)]
			s.rest = strings.TrimRight(before, "/?&") + after[len(s.token):]
		}
		if !ok || !strings.HasPrefix(s.rest, wire+"/") {
			t.Fatalf("%s has no token", r.URL)
		}
		list = append(list, s)
	}
	return list
}

// cookie returns the value of the cookie that opens the directory of a request.
func cookie(t *testing.T, signer scheme.CookieSigner, s signed, name string) string {
	t.Helper()
	path, cookies, err := signer.Cookies(s.Source, &s.Claims)
	if err != nil {
		t.Fatal(err)
	}
	if path != s.directory() || len(cookies) != 1 || cookies[0].Name != name {
		t.Errorf("the cookies of %s are for %s: %v", s.rest, path, cookies)
	}
	return cookies[0].Value
}

// report prints how many requests are the same.
func report(scheme, library, placement string, good int, more string) {
	if placement == "" {
		placement = "the scheme's choice"
	}
	fmt.Printf("%s against %s, placement %s: %d of %d%s\n", scheme, library, placement, good,
		differential.Count, more)
}
