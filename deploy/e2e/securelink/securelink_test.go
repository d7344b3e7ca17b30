// Package securelink has Debian's nginx verify the URLs of the scheme secure-link with its own
// module.
package securelink

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// configuration serves files with the location that docs/schemes.md shows for the preset nginx, and
// directories with an expression over $dir whose token stands in the path.
const configuration = `
worker_processes 1;
error_log %[1]s/error.log;
pid %[1]s/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server {
    listen %[2]s;
    root %[1]s/films;
    %[4]s
  }
  server {
    listen %[3]s;
    root %[1]s/films;
    location ~ ^/(?<hash>[A-Za-z0-9_-]+)/(?<end>[0-9]+)(?<dir>/.*/)(?<file>[^/]+)$ {
      secure_link $hash,$end;
      secure_link_md5 "$end:$dir:$remote_addr enigma";
      if ($secure_link != "1") { return 403; }
      try_files $dir$file =404;
    }
    location / { return 403; }
  }
}
`

// startNginx starts nginx with two servers, and returns their URLs.
func startNginx(t *testing.T) (files, directories string) {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // nginx serves as another user
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"a/film.mp4": "a film", "a/é +,()~'b.mp4": "special",
		"a/master.m3u8": "#EXTM3U\n#EXTINF:4,\nseg.ts\n",
		"a/seg.ts":      "a segment", "b/seg.ts": "another film's"} {
		file := filepath.Join(dir, "films", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var addrs []string
	for range 2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		addrs = append(addrs, ln.Addr().String())
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, configuration, dir, addrs[0], addrs[1], shown(t)),
		0o644); err != nil {
		t.Fatal(err)
	}
	return start(t, conf, dir, addrs)
}

// shown is the location of docs/schemes.md.
func shown(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/schemes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "\n```nginx\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("docs/schemes.md shows no location")
	}
	return block
}

func start(t *testing.T, conf, dir string, addrs []string) (files, directories string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "nginx", "-p", dir, "-c", conf, "-g", "daemon off;")
	// the workers end with the master
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	// The listeners that reserved the ports are closed when startNginx returns, so nginx, which tries
	// to bind for two seconds, gets them.
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // a signal ended it
		if t.Failed() {
			t.Log(out.String())
		}
	})
	return "http://" + addrs[0], "http://" + addrs[1]
}

func await(t *testing.T, url string) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			res.Body.Close()
			return
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
}

func sign(t *testing.T, url, src string, claims token.Claims, options map[string]string) string {
	t.Helper()
	s, err := scheme.Lookup("secure-link").New(
		&scheme.CDN{URL: url, Keys: []scheme.Key{{Secret: []byte("enigma")}}, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	var source uri.Source
	if _, err := source.Parse([]byte(src), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(&source, &claims); err != nil {
		t.Fatal(err)
	}
	out, err := s.Append(nil, &source, &claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestNginx: nginx serves a film, and a playlist with its segment, by our URLs. It refuses what was
// tampered with, what has ended, and what is for another address.
func TestNginx(t *testing.T) {
	files, directories := startNginx(t)
	await(t, files)
	soon := uint32(time.Now().Unix() + 3600)
	here, elsewhere := netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("203.0.113.7/32")
	preset := map[string]string{"preset": "nginx"}
	dir := map[string]string{"expression": "$expires:$dir:$ip $secret",
		"template": "$base/$token/$expires$wire"}
	good := sign(t, files, "/a/film.mp4", token.Claims{Expiry: soon, IP: here}, preset)
	special := sign(t, files, "/a/é +,()~'b.mp4", token.Claims{Expiry: soon, IP: here}, preset)
	playlist := sign(t, directories, "/a/master.m3u8", token.Claims{Expiry: soon, IP: here, Depth: 1},
		dir)
	for _, c := range []struct {
		name, url string
		status    int
		body      string
	}{
		{"a film", good, 200, "a film"},
		{"a film with special characters", special, 200, "special"},
		{"another film", strings.Replace(good, "/film.mp4", "/seg.ts", 1), 403, ""},
		{"a later expiry", strings.Replace(good, fmt.Sprint(soon), fmt.Sprint(soon+1), 1), 403, ""},
		{"ended", sign(t, files, "/a/film.mp4", token.Claims{Expiry: soon - 7200, IP: here}, preset), 403,
			""},
		{"another address",
			sign(t, files, "/a/film.mp4", token.Claims{Expiry: soon, IP: elsewhere}, preset), 403, ""},
		{"no address", sign(t, files, "/a/film.mp4", token.Claims{Expiry: soon}, preset), 403, ""},
		{"a playlist", playlist, 200, "#EXTM3U\n#EXTINF:4,\nseg.ts\n"},
		{"its segment", strings.Replace(playlist, "master.m3u8", "seg.ts", 1), 200, "a segment"},
		{"another directory", strings.Replace(playlist, "/a/master.m3u8", "/b/seg.ts", 1), 403, ""},
		{"up and down", strings.Replace(playlist, "/master.m3u8", "/../b/seg.ts", 1), 403, ""},
		{"a directory that ended", sign(t, directories, "/a/master.m3u8",
			token.Claims{Expiry: soon - 7200, IP: here, Depth: 1}, dir), 403, ""},
		{"a directory for another address", sign(t, directories, "/a/master.m3u8",
			token.Claims{Expiry: soon, IP: elsewhere, Depth: 1}, dir), 403, ""},
	} {
		if status, body := get(t, c.url); status != c.status || c.body != "" && body != c.body {
			t.Errorf("%s: %d %q, want %d: %s", c.name, status, body, c.status, c.url)
		}
	}
}
