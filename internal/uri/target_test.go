package uri_test

import (
	"testing"

	"videotoken/internal/uri"
)

func TestTilde(t *testing.T) {
	for path, want := range map[string]int{
		"/~": 2, "/~a/b": 2, "/%7E": 4, "/%7ea": 4, "/%7e/": 4,
		"": 0, "/": 0, "~a": 0, "/a~": 0, "/a/~b": 0, "//~": 0, "/%7": 0, "/%7F": 0, "/%257E": 0,
	} {
		if got := uri.Tilde([]byte(path)); got != want {
			t.Errorf("%q: %d; want %d", path, got, want)
		}
	}
}

func TestIsNamed(t *testing.T) {
	for param, want := range map[string]bool{
		"token": true, "token=": true, "token=a=b": true,
		"": false, "toke": false, "tokens": false, "Token": false, "%74oken": false, "a=token": false,
	} {
		if got := uri.IsNamed([]byte(param), "token"); got != want {
			t.Errorf("%q: %v", param, got)
		}
	}
}

func TestTarget(t *testing.T) {
	for target, want := range map[string]string{
		"": "", "*": "*", "/": "/", "/a?b": "/a?b", "//a": "//a",
		"http://h/a?b": "/a?b", "HTTPS://h:1/": "/", "http://h//a": "//a",
		"http://h": "", "http:///a": "", "http://h?/a": "", "http://h#/a": "", "http://u@h/a": "",
		"ftp://h/a": "", "http\u017F://h/a": "", "h:80": "", "**": "",
	} {
		if got := string(uri.Target([]byte(target))); got != want {
			t.Errorf("%q: %q; want %q", target, got, want)
		}
	}
}

func TestWithoutHost(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example/b?c": "/b?c", "http://[::1]:80//a": "//a", "https://A-1.example/": "/",
		"": "", "/a": "", "https://a": "", "https:///a": "", "ftp://a/b": "", "HTTPS://a/b": "",
		"https://a?x/b": "", "https://u@a/b": "", `https://a\b/c`: "", "https://a_b/c": "",
	} {
		if got := string(uri.WithoutHost([]byte(url))); got != want {
			t.Errorf("%q: %q; want %q", url, got, want)
		}
	}
}
