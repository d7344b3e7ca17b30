package listen_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"videotoken/internal/listen"
)

func parse(tb testing.TB, text string) listen.Address {
	tb.Helper()
	a, err := listen.Parse(text)
	if err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	return a
}

func open(tb testing.TB, text string) net.Listener {
	tb.Helper()
	ln, err := parse(tb, text).Listen()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ln.Close() })
	return ln
}

func TestParse(t *testing.T) {
	long := "/" + strings.Repeat("a", 102)
	for _, c := range []struct {
		text  string
		local bool
	}{
		{":3002", false}, {"0.0.0.0:0", false}, {"[::]:65535", false}, {"127.0.0.1:80", true},
		{"127.9.9.9:80", true}, {"[::1]:80", true}, {"[::ffff:127.0.0.1]:80", true},
		{"localhost:80", true}, {"10.0.0.1:80", false}, {"a.localhost:80", false},
		{"video.example.com:80", false}, {"a_b-c.d1:80", false}, {"[fe80::1%eth0]:80", false},
		{"unix:/run/s", true}, {"unix:/run/a b", true}, {"unix:/run/s?mode=0666", true},
		{"unix:/run/s?mode=0000", true}, {"unix:" + long, true},
	} {
		if a := parse(t, c.text); a.String() != c.text || a.IsLocal() != c.local {
			t.Errorf("%q: %v, local %v", c.text, a, a.IsLocal())
		}
	}
	for text, want := range map[string]string{"unix:/s?mode=666": "unix:/s?mode=0666",
		"unix:/s?mode=0660": "unix:/s"} {
		if got := parse(t, text).String(); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	for _, text := range []string{
		"", "3002", ":", "host", "host:", "host:http", ":65536", ":-1", ":+1", ":0x10", "::1:80", "[::1]",
		"[::1:80", "[1.2.3]:80", "1.2.3:80", "1.2.3.4.5:80", "256.0.0.1:80",
		"a b:80", "-a:80", "a-:80", "a..b:80", "a/b:80", "http://a:80", "@:80",
		strings.Repeat("a.", 127) + "a:80",
		"unix:", "unix:s", "unix:./s", "unix:@s", "unix:/run/", "unix:" + long + "a", "unix:/s?",
		"unix:/s?mode=", "unix:/s?mode=8", "unix:/s?mode=01777", "unix:/s?mode=0666&a", "unix:/s?a=1",
		"unix:/a\x00b", "tcp:80x",
	} {
		if a, err := listen.Parse(text); !errors.Is(err, listen.ErrAddress) {
			t.Errorf("%q: %v, %v", text, a, err)
		}
	}
}

// connects reports whether somebody accepts a connection.
func connects(network, address string) bool {
	c, err := net.Dial(network, address)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// TestTCP: who can connect to which address.
func TestTCP(t *testing.T) {
	if !connects("tcp", open(t, "[::1]:0").Addr().String()) {
		t.Fatal("this test needs IPv6 on the loopback interface")
	}
	for text, want := range map[string][2]bool{
		":0": {true, true}, "0.0.0.0:0": {true, false}, "[::]:0": {false, true},
		"127.0.0.1:0": {true, false}, "[::1]:0": {false, true},
	} {
		_, port, err := net.SplitHostPort(open(t, text).Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{connects("tcp", "127.0.0.1:"+port),
			connects("tcp", "[::1]:"+port)}; got != want {
			t.Errorf("%s: IPv4 and IPv6: %v, want %v", text, got, want)
		}
	}
	// Both kinds of one port beside each other.
	four := open(t, "0.0.0.0:0")
	_, port, err := net.SplitHostPort(four.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	open(t, "[::]:"+port)
	if _, err := parse(t, "0.0.0.0:"+port).Listen(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}

// TestDial: who listens on an address is reached by the same text, from this machine.
func TestDial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, text := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0", "[::1]:0", "localhost:0",
		"unix:" + path + "?mode=0600"} {
		ln := open(t, text)
		if tcp, ok := ln.Addr().(*net.TCPAddr); ok {
			text = strings.TrimSuffix(text, "0") + fmt.Sprint(tcp.Port)
		}
		c, err := parse(t, text).Dial(t.Context())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_ = c.Close()
	}
	nobody := open(t, "127.0.0.1:0")
	address := nobody.Addr().String()
	_ = nobody.Close()
	if _, err := parse(t, address).Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}

// TestUnix: the mode, the end, and what stands in the way.
func TestUnix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	for mode, text := range map[fs.FileMode]string{0o660: "unix:" + path, 0o606: "unix:" +
		path + "?mode=0606", 0o600: "unix:" + path + "?mode=600"} {
		ln, err := parse(t, text).Listen()
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|mode {
			t.Errorf("%s: %v, %v", text, info.Mode(), err)
		}
		if !connects("unix", path) {
			t.Errorf("%s: nobody accepts", text)
		}
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: after the end: %v", text, err)
		}
	}

	// A live one stays, also if its queue is full.
	live := open(t, "unix:"+path)
	if _, err := parse(t, "unix:"+path).Listen(); err == nil ||
		!strings.Contains(err.Error(), "another process listens there") {
		t.Error(err)
	}
	if !connects("unix", path) {
		t.Error("the live socket is gone")
	}
	_ = live.Close()
	full, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(full)
	if err := errors.Join(syscall.Bind(full, &syscall.SockaddrUnix{Name: path}),
		syscall.Listen(full, 0)); err != nil {
		t.Fatal(err)
	}
	waiting, err := net.Dial("unix", path) // fills the queue
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	if _, err := parse(t, "unix:"+path).Listen(); err == nil ||
		!strings.Contains(err.Error(), "another process listens there") {
		t.Error(err)
	}

	// A stale one goes.
	if err := syscall.Close(full); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("not stale:", err)
	}
	open(t, "unix:"+path)
	if !connects("unix", path) {
		t.Error("nobody accepts where a stale socket was")
	}

	// Nothing else goes.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, "stale")
	ln := open(t, "unix:"+stale).(*net.UnixListener)
	ln.SetUnlinkOnClose(false)
	if err := errors.Join(ln.Close(), os.Symlink(file, filepath.Join(dir, "link")),
		os.Symlink(stale, filepath.Join(dir, "socket"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "link", "socket"} {
		if _, err := parse(t, "unix:"+filepath.Join(dir, name)).Listen(); err == nil ||
			!strings.Contains(err.Error(), "is no socket") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := parse(t, "unix:"+filepath.Join(dir, "missing", "s")).Listen(); !errors.Is(err,
		fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestUnixTogether: of many that start at the same time where a stale socket is, one listens.
func TestUnixTogether(t *testing.T) {
	const processes = 30
	for range 50 {
		path := filepath.Join(t.TempDir(), "s")
		stale, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		stale.(*net.UnixListener).SetUnlinkOnClose(false)
		_ = stale.Close()
		got, start := make(chan net.Listener), make(chan struct{})
		for range processes {
			go func() {
				<-start
				ln, _ := parse(t, "unix:"+path).Listen()
				got <- ln
			}()
		}
		close(start)
		var listeners []net.Listener
		for range processes {
			if ln := <-got; ln != nil {
				listeners = append(listeners, ln)
			}
		}
		if len(listeners) != 1 || !connects("unix", path) {
			t.Errorf("%d listen", len(listeners))
		}
		for _, ln := range listeners {
			_ = ln.Close()
		}
	}
}

func ExampleParse() {
	a, err := listen.Parse("unix:/run/videotoken.sock?mode=0666")
	fmt.Println(a, a.IsLocal(), err)
	// Output: unix:/run/videotoken.sock?mode=0666 true <nil>
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{":3002", "[::1]:1", "unix:/s?mode=0600", "a.b:1", "unix:/?mode=0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := listen.Parse(text)
		if err != nil {
			return
		}
		if again, err := listen.Parse(a.String()); err != nil || again != a {
			t.Errorf("%q: %q: %v, %v", text, a, again, err)
		}
	})
}
