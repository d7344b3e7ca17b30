package load

import (
	"errors"
	"testing"
)

func TestNewTarget(t *testing.T) {
	got, err := NewTarget("post", "localhost:3002/video/token?a=b",
		[]string{"Content-type: application/json", "X-A=b"}, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /video/token?a=b HTTP/1.1\r\nContent-type: application/json\r\nX-A: b\r\n" +
		"Host: localhost:3002\r\n" +
		"Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
	if string(got.Request) != want || got.addr != "localhost:3002" {
		t.Errorf("%s\n%q\nwant\n%q", got.addr, got.Request, want)
	}
	got, err = NewTarget("GET", "https://[::1]", []string{"host: example.com"}, nil)
	if want := "GET / HTTP/1.1\r\nhost: example.com\r\nConnection: keep-alive\r\n\r\n"; err != nil ||
		string(got.Request) != want || got.addr != "[::1]:443" || !got.tls {
		t.Errorf("%v %v", got, err)
	}
	for raw, route := range map[string]string{
		"unix:/run/v.sock:/video/token?a=b": "/video/token?a=b", "http://unix:/run/v.sock:/a": "/a",
		"unix:/run/v.sock:": "/", "unix:/run/v.sock": "/",
	} {
		got, err := NewTarget("GET", raw, nil, nil)
		if want := "GET " + route +
			" HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"; err != nil ||
			string(got.Request) != want || got.network != "unix" || got.addr != "/run/v.sock" ||
			got.URL != raw {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
	for _, c := range [][2]string{{"unix:run", ""}, {"unix:/a:b c", ""}, {"ftp://a", ""},
		{"http://", ""}, {"http://a b", ""}, {"http://a", "x"}, {"http://a", "a b: c"},
		{"http://a", "a: b\r\nc: d"}} {
		var headers []string
		if c[1] != "" {
			headers = []string{c[1]}
		}
		if _, err := NewTarget("GET", c[0], headers, nil); !errors.Is(err, ErrTarget) {
			t.Errorf("%q: error %v", c, err)
		}
	}
}
