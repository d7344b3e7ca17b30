package systemtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// overUnix is a client of a Unix socket.
func overUnix(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context,
		_, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// TestListenList: a list of TCP ports and Unix sockets is served as a whole, the admin endpoints on
// a Unix socket too, and the sockets are gone at the end. A peer of a Unix socket is one of
// trusted_proxies where "unix" is.
func TestListenList(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		dir := t.TempDir()
		service, admin := filepath.Join(dir, "s"), filepath.Join(dir, "admin")
		more := []string{"drain: 0s", `listen: ["127.0.0.1:0", "unix:` + service + `?mode=0606"]`,
			`admin: "unix:` + admin + `"`}
		if trusted {
			more = append(more, "trusted_proxies: [unix]")
		}
		file := configure(t, more...)
		p := launch(t, exec.Command(binary, "-config", file), 2)
		if info, err := os.Stat(service); err != nil || info.Mode().Perm() != 0o606 {
			t.Errorf("%v, %v", info, err)
		}
		url, errs, status := command(t, "sign", "-config", file, "-cdn", "aws-7", "-ip", "203.0.113.7",
			"/a.mp4")
		if status != 0 {
			t.Fatal(errs)
		}
		target := strings.TrimSpace(strings.TrimPrefix(url, "https://d7.cloudfront.net"))
		r, err := http.NewRequest("GET", "http://localhost/verify/auth-request/aws-7", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Original-URI", target)
		r.Header.Set("X-Real-IP", "203.0.113.7")
		res, err := overUnix(service).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.StatusCode == 200; got != trusted {
			t.Errorf("trusted %v: %d", trusted, res.StatusCode)
		}
		for _, path := range []string{service, admin} {
			res, err := overUnix(path).Get("http://localhost/readyz")
			if err != nil {
				t.Fatal(err)
			}
			if _ = res.Body.Close(); res.StatusCode != 200 {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
		}
		p.signal(t, syscall.SIGTERM)
		if status := p.wait(t); status != 0 {
			t.Errorf("%d, %q", status, p.messages())
		}
		if _, err := os.Lstat(service); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// TestAdminAddress: admin endpoints that others can reach need a key, whoever says where they are.
func TestAdminAddress(t *testing.T) {
	for _, args := range [][]string{{"-demo", "-admin", ":0"}, {"-demo", "-admin", "0.0.0.0:0"},
		{"-config", configure(t, `admin: "[::]:0"`)}} {
		if _, errs, status := command(t,
			append(args, "-listen", "127.0.0.1:0", "-check")...); status != 1 ||
			!strings.Contains(errs, "other machines can reach it: add an admin_key") {
			t.Errorf("%v: %d, %q", args, status, errs)
		}
	}
	out, _, _ := command(t, "keygen", "-admin")
	key, line, _ := strings.Cut(out, "\n")
	p := start(t, "-config", configure(t, line, "drain: 0s"), "-admin", "0.0.0.0:0")
	_, port, err := net.SplitHostPort(p.admin)
	if err != nil {
		t.Fatal(err)
	}
	for auth, want := range map[string]int{"": 401, "Bearer " + key: 200} {
		r, err := http.NewRequest("POST", "http://127.0.0.1:"+port+"/reload", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != want {
			t.Errorf("%d, want %d", res.StatusCode, want)
		}
	}
}

// handOver makes the command of a service that takes over sockets, as systemd starts it.
func handOver(names string, files []*os.File, args ...string) *exec.Cmd {
	cmd := exec.Command("sh",
		append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, binary}, args...)...)
	cmd.Env = []string{fmt.Sprint("LISTEN_FDS=", len(files)), "LISTEN_FDNAMES=" + names}
	cmd.ExtraFiles = files
	return cmd
}

func listenerFile(tb testing.TB, network, address string) (*os.File, string) {
	tb.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ln.Close() })
	f, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f, ln.Addr().String()
}

// TestHandedOver: sockets that are handed over take the place of those of the configuration, the
// one named admin of the admin's.
func TestHandedOver(t *testing.T) {
	service, addr := listenerFile(t, "tcp", "127.0.0.1:0")
	admin, adminPath := listenerFile(t, "unix", filepath.Join(t.TempDir(), "admin"))
	file := configure(t, `listen: "192.0.2.1:80"`, `admin: "192.0.2.1:81"`,
		"admin_key: "+strings.Repeat("0", 64))
	p := launch(t, handOver("videotoken.socket:admin", []*os.File{service, admin}, "-config", file), 1)
	if p.addr != addr || p.admin != adminPath {
		t.Errorf("on %s and %s", p.addr, p.admin)
	}
	postSeed(t, addr)
	if res, err := overUnix(adminPath).Get("http://localhost/readyz"); err != nil ||
		res.StatusCode != 200 {
		t.Errorf("%v, %v", res, err)
	}
	public, _ := listenerFile(t, "tcp", ":0")
	if out, err := func() ([]byte, error) {
		cmd := handOver("admin", []*os.File{public}, "-demo", "-listen", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), cmd.Env...)
		return cmd.CombinedOutput()
	}(); err == nil || !strings.Contains(string(out), "other machines can reach it") {
		t.Errorf("an admin socket that others can reach: %v, %s", err, out)
	}
}

// TestRestarts: while a parent that holds the socket restarts the service many times, no connection
// is refused or reset, and each request is answered, over new connections and old ones.
func TestRestarts(t *testing.T) {
	const restarts = 50
	socket, addr := listenerFile(t, "tcp", "127.0.0.1:0")
	file := configure(t, "drain: 1s", `admin: ""`)
	run := func() *process { return launch(t, handOver("", []*os.File{socket}, "-config", file), 1) }
	current := run()

	var answered, kept atomic.Int64
	done := make(chan struct{})
	var clients sync.WaitGroup
	stopped := func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	for range 4 {
		clients.Go(func() { // a connection for each request
			for !stopped() && !t.Failed() {
				if err := askOnce(addr); err != nil {
					t.Error(err)
				}
				answered.Add(1)
			}
		})
		clients.Go(func() { // connections until they are closed
			for !stopped() && !t.Failed() {
				n, err := askUntilClosed(addr, stopped)
				if err != nil {
					t.Errorf("after %d answers: %v", n, err)
				}
				answered.Add(int64(n))
				kept.Add(int64(max(n-1, 0)))
			}
		})
	}
	var old []*process
	for range restarts {
		next := run()
		current.signal(t, syscall.SIGTERM)
		old = append(old, current)
		current = next
	}
	for _, p := range old {
		if status := p.wait(t); status != 0 {
			t.Errorf("exit status %d, %q", status, p.messages())
		}
	}
	close(done)
	clients.Wait()
	t.Logf("%d restarts, %d requests answered, %d of them over connections that were kept", restarts,
		answered.Load(), kept.Load())
	if answered.Load() < restarts || kept.Load() < restarts {
		t.Error("too few requests")
	}
}

// askOnce sends a request over a connection of its own.
func askOnce(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	return askOver(c, bufio.NewReader(c), new(bool))
}

// askUntilClosed sends requests over one connection until an answer says that it closes.
func askUntilClosed(addr string, stopped func() bool) (n int, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for closes := false; !closes && !stopped(); n++ {
		if err := askOver(c, r, &closes); err != nil {
			return n, err
		}
	}
	return n, nil
}

func askOver(c net.Conn, r *bufio.Reader, closes *bool) error {
	if _, err := io.WriteString(c, request); err != nil {
		return err
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if *closes = res.Close; res.StatusCode != 200 {
		return errors.New(res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
