package config

import (
	"strings"
	"testing"
)

func TestCDNURLs(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("a", 61)
	for _, s := range []string{
		"https://a.example", "http://a", "https://A.example", "https://my_service:8080",
		"https://127.0.0.1", "https://[::1]:8443", "https://[2001:db8::1]",
		"https://a-b.example:1", "https://1.example", "https://xn--bcher-kva.example",
		"https://" + label63 + ".example", "https://" + name253,
		"https://storage.googleapis.com/films", "https://a.example/films/2026", "https://a.example/a%20b",
		"https://a.example/a,b=c",
	} {
		if !isBase(s) {
			t.Errorf("%s: refused", s)
		}
	}
	for _, s := range []string{
		"", "a.example", "//a.example", "https:a.example", "https://", "https://.", "https://a..b",
		"https://.a", "https://a.", "https://-a.example", "https://a-.example", "https://a.-b",
		"https://" + label63 + "a.example", "https://" + name253 + "a", "HTTPS://a.example",
		"ftp://a.example", "https://user@a.example", "https://a.example:", "https://a.example:0",
		"https://a.example:70000", "https://a.example:080", "https://a.example:+80",
		"https://a.example:8 0", "https://a\"b", "https://a b", "https://a%62.example",
		"https://bücher.example",
		"https://256.1.1.1", "https://1.2.3", "https://12", "https://a.0x1", "https://a.1",
		"https://[::1", "https://::1", "https://[::1]x", "https://[fe80::1%eth0]", "https://[1.2.3.4]",
		"https://[]",
		"https://a.example/", "https://a.example/films/", "https://a.example//films",
		"https://a.example/a//b", "https://a.example/..", "https://a.example/a/../b",
		"https://a.example/~a", "https://a.example/%7Ea",
		"https://a.example/a b", "https://a.example/a%2fb", "https://a.example/a%c3%a9",
		"https://a.example/é", "https://a.example/a+b", "https://a.example/a;b", "https://a.example/%",
		"https://a.example?x", "https://a.example#", "https://a.example/a?x", "https://a.example/a#x",
		"https://a.example\\films", "https://a.example/a\\b",
		"https://a.example/" + strings.Repeat("a", 3000),
	} {
		if isBase(s) {
			t.Errorf("%s: accepted", s)
		}
	}
}

func TestOrigins(t *testing.T) {
	valid := func(s string) bool {
		r := &reader{}
		ok := r.checkOrigin(&node{}, "", s)
		if ok != (len(r.mistakes) == 0) {
			t.Errorf("%s: %v, %v", s, ok, r.mistakes)
		}
		return ok
	}
	for _, s := range []string{
		"*", "null", "https://player.example", "http://localhost:8080", "http://127.0.0.1:3000",
		"https://[::1]", "http://a.example:443", "https://a.example:80",
		"https://*.example", "https://*.player.example:8443", "capacitor://localhost",
		"ionic://localhost", "tauri://localhost", "chrome-extension://abcdefghijklmnop", "app+x.y-z://h",
	} {
		if !valid(s) {
			t.Errorf("%s: refused", s)
		}
	}
	for _, s := range []string{
		"", "NULL", "**", "player.example", "https://", "https://a.example/", "https://a.example/x",
		"HTTPS://a.example", "https://A.example", "https://a.example:443", "http://a.example:80",
		"https://*", "https://*.", "https://a.*.example", "https://*.*.example", "https://*a.example",
		"https://a*.example", "https://*.0.0.1", "*://a.example", "*.example", "https://*.example:*",
		"https://*.Example", "https://*.a..b",
		"https://a..b", "https://-a", "https://.", "capacitor://", "capacitor:localhost",
		"1app://localhost", "Capacitor://localhost", "file:///", "https://u@a.example",
		"https://a.example?",
	} {
		if valid(s) {
			t.Errorf("%s: accepted", s)
		}
	}
}
