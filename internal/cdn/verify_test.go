package cdn_test

import (
	"testing"

	"videotoken/internal/cdn"
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
		url, err := s.Lookup(name).Signer.Append(nil, &parsed, &token.Claims{Expiry: 2000000000, Depth: depth})
		if err != nil {
			t.Fatal(err)
		}
		return string(url)
	}
	a, b := sign("a", "/d/x?q='#f", 0), sign("b", "/d/x", 1)
	a = a[:len(a)-len("#f")]
	for _, c := range []struct{ name, url, want string }{
		{"", a, "/d/x?q=%27"},
		{"a", a, "/d/x?q=%27"},
		{"", a[len("https://a.example"):], "/d/x?q=%27"},
		{"", b, "/bucket/d/x"},
		{"", b[len("https://b.example"):], "/bucket/d/x"},
		{"b", a, "unknown-key"},
		{"a", b, "unknown-key"},
		{"c", a, ""},
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
