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
