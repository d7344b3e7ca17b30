package uri_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"videotoken/internal/uri"
)

func newOrigins(tb testing.TB) *uri.Origins {
	tb.Helper()
	o, err := uri.NewOrigins([]string{
		"https://video.example.com", "http://plain.example:8080", "https://storage.example/films",
		"https://storage.example/films/old", "https://[2001:DB8::1]:8443", "HTTPS://Port.example:443/",
		"https://bücher.example",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

func TestCut(t *testing.T) {
	o := newOrigins(t)
	for _, c := range []struct{ src, want string }{
		{"/a?b#c", "/a?b#c"},
		{"/", "/"},
		{"https://video.example.com/a?b#c", "/a?b#c"},
		{"HTTPS://Video.Example.COM/A", "/A"},
		{"https://video.example.com:443/a", "/a"},
		{"https://video.example.com:/a", "/a"},
		{"//video.example.com/a", "/a"},
		{"//video.example.com:443/a", "/a"},
		{"http://plain.example:8080/a", "/a"},
		{"//plain.example:8080/a", "/a"},
		{"https://storage.example/films/a", "/a"},
		{"https://storage.example/films/old/a", "/a"},
		{"https://storage.example/films/older/a", "/older/a"},
		{"https://[2001:db8::1]:8443/a", "/a"},
		{"https://port.example/a", "/a"},
		{"https://bücher.example/a", "/a"},
		{"https://video.example.com//a", "//a"}, // for Parse to refuse

		{"http://video.example.com/a", "foreign"}, // another scheme
		{"https://video.example.com:8443/a", "foreign"},
		{"https://video.example.com:80/a", "foreign"},
		{"http://plain.example/a", "foreign"},
		{"https://video.example.com.evil.example/a", "foreign"},
		{"https://video.example.com./a", "foreign"},
		{"https://evil.example/video.example.com/a", "foreign"},
		{"https://evil.example\\video.example.com/a", "foreign"},
		{"https://video.example.com\\/a", "foreign"},
		{"https://video.example.com\\@evil.example/a", "foreign"},
		{"https://video.example.com?/a", "foreign"},
		{"https://video.example.com", "foreign"},
		{"https://video.example.com#/a", "foreign"},
		{"https://storage.example/a", "foreign"},
		{"https://storage.example/filmsx/a", "foreign"},
		{"https://storage.example/films", "foreign"},
		{"https://storage.example/%66ilms/a", "foreign"},
		{"https://[2001:db8::1]/a", "foreign"},
		{"https://xn--bcher-kva.example/a", "foreign"},
		{"https://BÜCHER.example/a", "foreign"},
		{"https:/video.example.com/a", "foreign"},
		{"https:///a", "foreign"},
		{"///a", "foreign"},
		{"//", "foreign"},
		{" https://video.example.com/a", "foreign"},
		{"data:,x", "foreign"},
		{"film.mp4", "foreign"},
		{"://video.example.com/a", "foreign"},
		{"", "foreign"},

		{"https://user@video.example.com/a", "user"},
		{"https://user:password@video.example.com/a", "user"},
		{"https://video.example.com@evil.example/a", "user"},
		{"//@video.example.com/a", "user"},
	} {
		rest, err := o.Cut([]byte(c.src))
		got := string(rest)
		if errors.Is(err, uri.ErrForeign) {
			got = "foreign"
		} else if err != nil && strings.Contains(err.Error(), "user name") {
			got = "user"
		}
		if got != c.want {
			t.Errorf("%q: %q, %v; want %q", c.src, got, err, c.want)
		}
	}
	if _, err := (*uri.Origins)(nil).Cut([]byte("https://video.example.com/a")); !errors.Is(err,
		uri.ErrForeign) {
		t.Error(err)
	}
}

func TestNewOriginsRefuses(t *testing.T) {
	for _, u := range []string{"", "video.example.com", "//a", "https://", "https:///a", "https://a?b",
		"https://u@a", `https://a\b`} {
		if _, err := uri.NewOrigins([]string{u}); err == nil {
			t.Errorf("%q was taken", u)
		}
	}
}

// FuzzCut: net/url finds the same host and path in every absolute URL that is cut.
func FuzzCut(f *testing.F) {
	for _, s := range []string{"https://video.example.com/a?b#c", "//PLAIN.example:8080/%61",
		"https://[2001:db8::1]:8443/a",
		"https://storage.example/films/a", "https://u@video.example.com/",
		"https://video.example.com\\/a"} {
		f.Add(s)
	}
	o := newOrigins(f)
	f.Fuzz(func(t *testing.T, src string) {
		rest, err := o.Cut([]byte(src))
		if err != nil {
			return
		}
		if !strings.HasSuffix(src, string(rest)) || rest[0] != '/' {
			t.Fatalf("%q: the rest is %q", src, rest)
		}
		u, err := url.Parse(src)
		if err != nil || uri.IsPath([]byte(src)) {
			return // other software may refuse it, or there is nothing to compare
		}
		known := map[string]bool{"video.example.com": true, "plain.example": true,
			"storage.example": true, "2001:db8::1": true,
			"port.example": true, "bücher.example": true}
		if !known[strings.ToLower(u.Hostname())] || u.User != nil {
			t.Fatalf("%q: net/url finds the host %q", src, u.Host)
		}
	})
}
