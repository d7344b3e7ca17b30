package cdn_test

import (
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// TestVerify: whose keys a URL is verified with, by the CDN that is named, by its host, or by none
// of them.
func TestVerify(t *testing.T) {
	s, err := cdn.New(cdn.RoundRobin, []cdn.CDN{
		{Name: "a", URL: "https://a.example", Weight: 1, Keys: token.Keys{newKey(t, 1)}},
		{Name: "b", URL: "https://b.example/bucket", Weight: 1, Keys: token.Keys{newKey(t, 2)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(name, src string, depth int) string {
		var parsed uri.Source
		if _, err := parsed.Parse([]byte(src), nil); err != nil {
			t.Fatal(err)
		}
		url, err := s.Lookup(name).Signer.Append(nil, &parsed,
			&token.Claims{Expiry: 2000000000, Depth: depth})
		if err != nil {
			t.Fatal(err)
		}
		return string(url)
	}
	a, b := sign("a", "/d/x?q='#f", 0), sign("b", "/d/x", 1)
	a = a[:len(a)-len("#f")]
	pathA, pathB := a[len("https://a.example"):], b[len("https://b.example"):]
	for _, c := range []struct{ name, url, want string }{
		{"", a, "/d/x?q=%27"},
		{"a", a, "/d/x?q=%27"},
		{"", a[len("https://a.example"):], "/d/x?q=%27"},
		{"", b, "/bucket/d/x"},
		{"", b[len("https://b.example"):], "/bucket/d/x"},
		{"b", a, "unknown-key"},
		{"a", b, "missing"}, // its first segment is no token
		{"c", a, ""},
		{"a", pathA, "/d/x?q=%27"},
		{"b", pathB, "/bucket/d/x"},
		{"b", "https://a.example" + pathB, "/bucket/d/x"},
		{"a", "/bucket" + pathA, "signature"}, // the base is another CDN's
		{"a", "https://b.example/bucket" + pathA, "signature"},
		{"b", pathB[len("/bucket"):], "missing"},
		{"b", "https://a.example" + pathB[len("/bucket"):], "missing"},
		{"b", "https://c.example" + pathB, ""},
		{"", a + "#f", "malformed"},
		{"", a + "&x#f", "path"},
		{"", b + "#f", "path"},
		{"b", pathB + "?x#f", "path"},
		{"", "HTTPS://A.Example:443" + a[len("https://a.example"):], "/d/x?q=%27"},
		{"", "https://B.example:" + b[len("https://b.example"):], "/bucket/d/x"},
		{"", "http" + a[len("https"):], ""},
		{"", "https://a.example:8443" + a[len("https://a.example"):], ""},
		{"", "https://u@" + a[len("https://"):], ""},
		{"", a[len("https:"):], "path"},
		{"", "https://b.example/Bucket" + b[len("https://b.example/bucket"):], ""},
		{"", "https://a.example.evil/d/x", ""},
		{"", "x", ""},
	} {
		v, err := s.Verify(c.name, token.Request{URI: []byte(c.url), Now: 1999990000})
		got := string(v.AppendURI(nil))
		if err != nil {
			got = token.Reason(err)
		}
		if got != c.want || (err == nil) != (c.want != "" && c.want[0] == '/') {
			t.Errorf("%q, %s: %q, %v; want %q", c.name, c.url, got, err, c.want)
		}
	}
}

// newForeign makes a CDN of a foreign scheme with a key and options.
func newForeign(t *testing.T, kind, name, url, key string, options map[string]string) cdn.CDN {
	t.Helper()
	k := scheme.Lookup(kind)
	parts := scheme.CDN{URL: url, Keys: []scheme.Key{{Secret: []byte(key)}}, Options: options}
	signer, err := k.New(&parts)
	if err != nil {
		t.Fatal(err)
	}
	return cdn.CDN{Name: name, URL: url, Weight: 1, Signer: signer,
		Verifier: scheme.NewVerifier(k, parts)}
}

// TestRead: which CDN says what a URL contains, where several have its host or it is only a path,
// and whose reason is given where none accepts it.
func TestRead(t *testing.T) {
	akamai := map[string]string{"parameter": "hdnea"}
	s, err := cdn.New(cdn.RoundRobin, []cdn.CDN{
		{Name: "own", URL: "https://a.example", Weight: 1, Keys: token.Keys{newKey(t, 1)}},
		newForeign(t, "akamai", "one", "https://a.example", "0123456789abcdef", akamai),
		newForeign(t, "akamai", "two", "https://a.example/base", "fedcba9876543210", akamai),
		newForeign(t, "bunny", "bunny", "https://b.example", "key", nil),
		newForeign(t, "secure-link", "nginx", "https://n.example", "enigma",
			map[string]string{"preset": "nginx"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := netip.MustParseAddr("203.0.113.7")
	sign := func(name, src string, c token.Claims) string {
		var parsed uri.Source
		if _, err := parsed.Parse([]byte(src), nil); err != nil {
			t.Fatal(err)
		}
		c.Expiry = 2000000000
		url, err := s.Lookup(name).Signer.Append(nil, &parsed, &c)
		if err != nil {
			t.Fatal(err)
		}
		return string(url)
	}
	path := func(url string) string { return url[len("https://a.example"):] }
	own, one, two := sign("own", "/d/x", token.Claims{}), sign("one", "/d/x", token.Claims{}),
		sign("two", "/d/x.m3u8", token.Claims{Depth: 1})
	bound := sign("bunny", "/x.mp4", token.Claims{IP: netip.PrefixFrom(client, 32)})
	link := sign("nginx", "/x.mp4", token.Claims{IP: netip.PrefixFrom(client, 32)})
	for _, c := range []struct {
		name, url string
		client    netip.Addr
		now       int64
		says, err string // what is said begins so; a part of the error
	}{
		{"", own, netip.Addr{}, 0, "path        /d/x\nkey         1\n", ""},
		{"own", own, netip.Addr{}, 0, "path        /d/x\nkey         1\n", ""},
		{"one", own, netip.Addr{}, 0, "", "token: missing"},
		{"", own, netip.Addr{}, 2000000001, "", "token: expired"},
		{"", own + "x", netip.Addr{}, 0, "", "token: malformed"},
		{"", one, netip.Addr{}, 0, "cdn         one\npath        /d/x\nscheme      akamai\n", ""},
		{"", path(one), netip.Addr{}, 0, "cdn         one\n", ""},
		{"", "https://A.example:443" + path(one), netip.Addr{}, 0, "cdn         one\n", ""},
		{"", "https://A.example:443" + path(own), netip.Addr{}, 0, "path        /d/x\nkey         1\n",
			""},
		{"one", "//a.example" + path(one), netip.Addr{}, 0, "cdn         one\n", "token: path"},
		{"two", one, netip.Addr{}, 0, "cdn         two\n", "token: path"},
		{"own", one, netip.Addr{}, 0, "", "token: missing"},
		{"", two, netip.Addr{}, 0, "cdn         two\npath        /base/d/x.m3u8\nscheme      akamai\n" +
			"depth       1\ndirectory   /base/d/\n", ""},
		{"", strings.Replace(two, "x.m3u8", "seg/1.ts", 1), netip.Addr{}, 0,
			"cdn         two\npath        /base/d/seg/1.ts\n", ""},
		{"one", two, netip.Addr{}, 0, "cdn         one\n", "token: signature"},
		{"", two, netip.Addr{}, 2000000001, "cdn         two\n", "token: expired"},
		{"bunny", two, netip.Addr{}, 0, "", "is not on the CDN bunny"},
		{"", bound, client, 0, "cdn         bunny\n", ""},
		{"", bound, netip.Addr{}, 0, "cdn         bunny\n", "token: ip"},
		{"", path(bound), client, 0, "cdn         bunny\n", ""},
		{"", bound, client.Next(), 0, "cdn         bunny\n", "token: signature"},
		{"", link, client, 0, "cdn         nginx\n", ""},
		{"", link, netip.Addr{}, 0, "cdn         nginx\n",
			"token: signature, or it is for an address: say which with -ip"},
		{"", "https://b.example/x.mp4", client, 0, "", "token: missing"},
		{"", "/x.mp4", client, 0, "", "token: missing"},
		{"", "https://a.example.evil/x.mp4?hdnea=x", client, 0, "",
			"is not on any of the configuration's CDNs"},
		{"nobody", one, client, 0, "", "no such CDN"},
	} {
		r := token.Request{URI: []byte(c.url), Now: c.now, Client: c.client}
		says, err := s.Read(c.name, r)
		reason := ""
		if err != nil {
			reason = err.Error()
		}
		if !strings.HasPrefix(says, c.says) || (says == "") != (c.says == "") ||
			!strings.Contains(reason, c.err) || (reason == "") != (c.err == "") {
			t.Errorf("%q, %s: %v\n%swant %s\n%s", c.name, c.url, err, says, c.err, c.says)
		}
	}
}
