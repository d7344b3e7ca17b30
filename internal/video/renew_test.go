package video_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/internal/video"
	"videotoken/token"
)

var (
	session = [8]byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}
	viewer  = netip.MustParseAddr("203.0.113.7")
)

// newRenewer makes a signer of three CDNs: one whose second key only verifies and whose third key
// is not renewed, one with a base path, and one on the same host with another key.
func newRenewer(t *testing.T) *video.Signer {
	t.Helper()
	set, err := cdn.New(cdn.RoundRobin, []cdn.CDN{
		{Name: "one", URL: base, Weight: 1, Keys: token.Keys{newKey(t, 7), newKey(t, 8), newKey(t, 9)},
			Unrenewed: []uint16{9}},
		{Name: "bucket", URL: "https://storage.example/films", Weight: 1,
			Keys: token.Keys{newKey(t, 10)}},
		{Name: "same", URL: base, Weight: 1, Keys: token.Keys{newKey(t, 11)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &video.Signer{CDNs: set, TTL: 600, MaxTTL: 3600, Round: 300, MaxRenew: 7200, RenewGrace: 60}
}

// renewable are claims of a token that ends now and can be renewed for an hour.
func renewable() token.Claims {
	return token.Claims{Expiry: now, Session: session, HasSession: true, RenewableUntil: now + 3600,
		TTL: 600}
}

// signed returns a URL with a token of key id: at a depth of 0 in its query, else in its path.
func signed(t *testing.T, url string, id uint16, c token.Claims, path, query string) string {
	t.Helper()
	canonical, err := uri.Canonical(nil, []byte(path))
	if err != nil {
		t.Fatal(err)
	}
	text, err := newKey(t, id).Append(nil, &c, canonical, []byte(query))
	switch {
	case err != nil:
		t.Fatal(err)
	case c.Depth > 0 && query != "":
		return url + "/~" + string(text) + path + "?" + query
	case c.Depth > 0:
		return url + "/~" + string(text) + path
	case query != "":
		return url + path + "?" + query + "&token=" + string(text)
	}
	return url + path + "?token=" + string(text)
}

func with(change func(*token.Claims)) token.Claims {
	c := renewable()
	change(&c)
	return c
}

func renewOne(s *video.Signer, url string, at int64, client netip.Addr) (string, int64, error) {
	body, _ := json.Marshal(map[string]string{"url": url})
	answer, err := s.Renew(nil, video.Renewal{Body: body, Now: at, Client: client})
	if err != nil {
		return "", 0, err
	}
	var out struct{ URL string }
	return out.URL, answer.MaxAge, json.Unmarshal(answer.Body, &out)
}

// TestRenew: the answer is the same URL with a token of the same claims, of the first key, which
// ends when docs/DESIGN.md, section 5, says.
func TestRenew(t *testing.T) {
	film := func(id uint16, c token.Claims) string { return signed(t, base, id, c, "/a/b.mp4", "") }
	exact := renewable()
	below := with(func(c *token.Claims) { c.Depth = 1 })
	for _, c := range []struct {
		name   string
		url    string
		key    uint16 // that signs the answer
		client netip.Addr
		at     int64
		expiry int64
		before string // the URL before the new token
		after  string
	}{
		{"an exact path", film(7, exact), 7, netip.Addr{}, now, now + 650, base + "/a/b.mp4?token=", ""},
		{"within the grace", film(7, exact), 7, netip.Addr{}, now + 60, now + 800,
			base + "/a/b.mp4?token=", ""},
		{"within a window", film(7, exact), 7, netip.Addr{}, now + 50, now + 650,
			base + "/a/b.mp4?token=", ""},
		{"a key that only verifies", film(8, exact), 7, netip.Addr{}, now, now + 650,
			base + "/a/b.mp4?token=", ""},
		{"another CDN of the host", film(11, exact), 11, netip.Addr{}, now, now + 650,
			base + "/a/b.mp4?token=", ""},
		{"a query", signed(t, base, 7, exact, "/a/b.mp4", "end=30&x='"), 7, netip.Addr{}, now, now + 650,
			base + "/a/b.mp4?end=30&x=%27&token=", ""},
		{"what a client added", film(7, exact) + "&CMCD=bl%3D1#t=30", 7, netip.Addr{}, now, now + 650,
			base + "/a/b.mp4?token=", ""},
		{"a directory", signed(t, base, 7, below, "/a/b.m3u8", ""), 7, netip.Addr{}, now, now + 650,
			base + "/~", "/a/b.m3u8"},
		{"a directory with a query", signed(t, base, 7, below, "/a/b.m3u8", "_HLS_msn=2") + "#t=3", 7,
			netip.Addr{}, now, now + 650, base + "/~", "/a/b.m3u8?_HLS_msn=2#t=3"},
		{"a directory's token in the query", inQuery(signed(t, base, 7, below, "/a/b.m3u8", "")), 7,
			netip.Addr{}, now, now + 650, base + "/a/b.m3u8?x=1&token=", "&y=2"},
		{"an exact token in the path", inPath(film(7, exact)) + "?x=1", 7, netip.Addr{}, now, now + 650,
			base + "/~", "/a/b.mp4"},
		{"a base path", signed(t, "https://storage.example/films", 10, exact, "/a.mp4", ""), 10,
			netip.Addr{}, now, now + 650, "https://storage.example/films/a.mp4?token=", ""},
		{"a host in upper case, its port", strings.Replace(film(7, exact), "https://d111", "https://D111",
			1), 7, netip.Addr{}, now, now + 650, base + "/a/b.mp4?token=", ""},
		{"an address", film(7, with(func(c *token.Claims) {
			c.IP = netip.PrefixFrom(viewer, 24).Masked()
		})), 7, netip.MustParseAddr("203.0.113.250"), now, now + 650, base + "/a/b.mp4?token=", ""},
		{"letters that are no URI's", signed(t, base, 7, exact, "/a/é[1].mp4", ""), 7, netip.Addr{}, now,
			now + 650, base + "/a/%C3%A9%5B1%5D.mp4?token=", ""},
		{"never past the renewal time", film(7, with(func(c *token.Claims) {
			c.RenewableUntil = now + 10
		})), 7, netip.Addr{}, now, now + 10, base + "/a/b.mp4?token=", ""},
		{"in the last second", film(7, with(func(c *token.Claims) { c.RenewableUntil = now + 10 })), 7,
			netip.Addr{}, now + 10, now + 10, base + "/a/b.mp4?token=", ""},
		{"a ttl above max_ttl", film(7, with(func(c *token.Claims) {
			c.TTL = 7200
			c.RenewableUntil = now + 7200
		})), 7, netip.Addr{}, now, now + 3500, base + "/a/b.mp4?token=", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRenewer(t)
			url, maxAge, err := renewOne(s, c.url, c.at, c.client)
			if err != nil {
				t.Fatal(err)
			}
			text, ok := strings.CutPrefix(url, c.before)
			if text, ok2 := strings.CutSuffix(text, c.after); !ok || !ok2 ||
				strings.ContainsAny(text, "/?&") {
				t.Fatalf("%s became %s", c.url, url)
			}
			bare := func(url string) []byte { url, _, _ = strings.Cut(url, "#"); return []byte(url) }
			_, old, err := s.CDNs.VerifyURL(bare(c.url), token.Request{Now: now, Client: c.client})
			if err != nil {
				t.Fatalf("the old token does not stay good: %v", err)
			}
			_, v, err := s.CDNs.VerifyURL(bare(url), token.Request{Now: c.at, Client: c.client})
			if err != nil {
				t.Fatalf("%s: %v", url, err)
			}
			if got := int64(v.Claims.Expiry); got != c.expiry || maxAge != got-c.at || v.Key != c.key {
				t.Errorf("key %d, expiry now%+d, max-age %d; want %d, now%+d", v.Key, got-now, maxAge, c.key,
					c.expiry-now)
			}
			if string(v.AppendURI(nil)) != string(old.AppendURI(nil)) {
				t.Errorf("%s serves %s, not %s", url, v.AppendURI(nil), old.AppendURI(nil))
			}
			v.Claims.Expiry = old.Claims.Expiry
			if v.Claims != old.Claims {
				t.Errorf("the claims %+v became %+v", old.Claims, v.Claims)
			}
		})
	}
}

// inQuery moves a directory's token into the query, among other parameters.
func inQuery(url string) string {
	before, rest, _ := strings.Cut(url, "/~")
	text, path, _ := strings.Cut(rest, "/")
	return before + "/" + path + "?x=1&token=" + text + "&y=2"
}

// inPath moves an exact token into the path.
func inPath(url string) string {
	url, text, _ := strings.Cut(url, "?token=")
	return base + "/~" + text + strings.TrimPrefix(url, base)
}

// TestRenewRefused: each refusal has its reason, and dst stays as it was.
func TestRenewRefused(t *testing.T) {
	film := signed(t, base, 7, renewable(), "/a/b.mp4", "")
	other := func(change func(*token.Claims)) string {
		return signed(t, base, 7, with(change), "/a/b.mp4", "")
	}
	bound := other(func(c *token.Claims) { c.IP = netip.PrefixFrom(viewer, 32) })
	for _, c := range []struct {
		name, url string
		at        int64
		client    netip.Addr
		reason    token.Error
	}{
		{"no token", base + "/a/b.mp4", now, viewer, token.ErrMissing},
		{"two tokens", film + "&token=x", now, viewer, token.ErrAmbiguous},
		{"half a token", film[:len(film)-1], now, viewer, token.ErrMalformed},
		{"another path", strings.Replace(film, "/a/b", "/a/c", 1), now, viewer, token.ErrSignature},
		{"another scope", strings.Replace(signed(t, base, 7, with(func(c *token.Claims) { c.Depth = 1 }),
			"/a/b.m3u8", ""), "/a/b", "/c/b", 1), now, viewer, token.ErrSignature},
		{"a scope beside it",
			strings.Replace(signed(t, base, 7, with(func(c *token.Claims) { c.Depth = 2 }), "/a/b/c.m3u8",
				""), "/a/b/", "/a/d/", 1), now, viewer, token.ErrSignature},
		{"another query", strings.Replace(film, "?", "?x=1&", 1), now, viewer, token.ErrSignature},
		{"another session", strings.Replace(film, "SIzRFV", "SIzRFW", 1), now, viewer,
			token.ErrSignature},
		{"another host", strings.Replace(film, "d111", "d112", 1), now, viewer, token.ErrPath},
		{"another scheme", strings.Replace(film, "https", "http", 1), now, viewer, token.ErrPath},
		{"a path", strings.TrimPrefix(film, base), now, viewer, token.ErrPath},
		{"no scheme", strings.TrimPrefix(film, "https:"), now, viewer, token.ErrPath},
		{"a user", strings.Replace(film, "https://", "https://x@", 1), now, viewer, token.ErrPath},
		{"text", "film", now, viewer, token.ErrPath},
		{"another CDN's key", signed(t, "https://storage.example/films", 7, renewable(), "/a.mp4", ""),
			now, viewer, token.ErrUnknownKey},
		{"a URL without the base path", signed(t, "https://storage.example", 10, renewable(),
			"/films.mp4", ""), now, viewer, token.ErrPath},
		{"a fragment", film + "#%zz", now, viewer, token.ErrPath},
		{"no address", bound, now, netip.Addr{}, token.ErrIP},
		{"another address", bound, now, netip.MustParseAddr("203.0.113.8"), token.ErrSignature},
		{"after the grace", film, now + 61, viewer, token.ErrExpired},
		{"before its time", other(func(c *token.Claims) { c.NotBefore = now + 61 }), now, viewer,
			token.ErrNotYet},
		{"no renewal", signed(t, base, 7, token.Claims{Expiry: now + 60}, "/a/b.mp4", ""), now, viewer,
			video.ErrNotRenewable},
		{"after the renewal time", other(func(c *token.Claims) { c.RenewableUntil = now - 1 }), now,
			viewer, video.ErrNotRenewable},
		{"more than max_renew", other(func(c *token.Claims) { c.RenewableUntil = now + 7201 }), now,
			viewer, video.ErrNotRenewable},
		{"a ttl of 0", other(func(c *token.Claims) { c.TTL = 0 }), now, viewer, video.ErrNotRenewable},
		{"a key that is not renewed", signed(t, base, 9, renewable(), "/a/b.mp4", ""), now, viewer,
			video.ErrNotRenewable},
		{"a path outside allow", signed(t, base, 7, renewable(), "/private/b.mp4", ""), now, viewer,
			video.ErrNotRenewable},
		{"a scope outside allow", signed(t, base, 7, with(func(c *token.Claims) { c.Depth = 1 }),
			"/films/a/b.m3u8", ""), now, viewer, video.ErrNotRenewable},
	} {
		s := newRenewer(t)
		for _, path := range []string{"/a/", "/films/a/"} {
			p, err := caller.ParsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			s.Allow = append(s.Allow, p)
		}
		body, _ := json.Marshal(map[string][]string{"urls": {film, c.url}})
		at := c.at
		if c.reason == token.ErrExpired {
			body, _ = json.Marshal(
				map[string][]string{"urls": {signed(t, base, 7,
					with(func(c *token.Claims) { c.Expiry = now + 60 }), "/a/b.mp4", ""), c.url}})
		}
		answer, err := s.Renew([]byte("kept"), video.Renewal{Body: body, Now: at, Client: c.client})
		var refused *video.Refused
		if !errors.As(err, &refused) ||
			*refused != (video.Refused{Reason: c.reason, Pointer: "/urls/1"}) ||
			string(answer.Body) != "kept" {
			t.Errorf("%s: %v, %q; want %s at /urls/1", c.name, err, answer.Body, c.reason)
		}
	}
}
