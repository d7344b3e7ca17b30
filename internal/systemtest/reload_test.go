package systemtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"videotoken/token"
)

// keyed is a configuration with one CDN, whose keys have the ids.
func keyed(ids ...int) string {
	var keys []string
	for _, id := range ids {
		secret := make([]byte, token.SecretSize)
		for i := range secret {
			secret[i] = byte(id + i)
		}
		keys = append(keys, fmt.Sprintf("{id: %d, secret: %q}", id, token.FormatSecret(secret)))
	}
	return `cdns: [{name: a, url: "https://a.example", keys: [` + strings.Join(keys, ", ") + `]}]` + "\n"
}

// replace writes a file as editors do: another one with its name.
func replace(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// awaitCount waits until the service has logged a message so many times.
func (p *process) awaitCount(t *testing.T, message string, count int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		n := 0
		for _, m := range p.messages() {
			if strings.Contains(m, message) {
				n++
			}
		}
		if n >= count {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q was logged %d times, want %d: %q", message, n, count, p.messages())
		}
	}
}

// keyOf returns the id of the key that signs.
func keyOf(t *testing.T, addr string) int {
	t.Helper()
	_, text, ok := strings.Cut(postSeed(t, addr), "token=")
	if !ok || len(text) < 8 {
		t.Fatal("no token")
	}
	raw, err := base64.RawURLEncoding.DecodeString(text[:8])
	if err != nil {
		t.Fatal(err)
	}
	return int(raw[2])<<8 | int(raw[3])
}

const readAgain = "configuration read again"

// TestReload: SIGHUP, POST /reload and a change of the file each have the new keys sign; a mistake
// keeps the old ones and shows in a metric.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	replace(t, file, keyed(1))
	p := start(t, "-config", file)
	if got := keyOf(t, p.addr); got != 1 {
		t.Fatalf("key %d signs", got)
	}
	replace(t, file, keyed(2, 1)) // the watch sees it
	p.awaitCount(t, readAgain, 1)
	if got := keyOf(t, p.addr); got != 2 {
		t.Errorf("after a change of the file key %d signs", got)
	}
	p.signal(t, syscall.SIGHUP) // with nothing new
	p.await(t, hangup)
	post := func(headers ...string) (int, string) {
		r, err := http.NewRequest("POST", "http://"+p.admin+"/reload", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			if headers[i] == "Host" {
				r.Host = headers[i+1]
			}
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		return res.StatusCode, string(body)
	}
	for _, c := range []struct {
		headers []string
		status  int
	}{
		{[]string{"Content-Type", "application/json"}, 200},
		{[]string{"Content-Type", "application/json", "Host", "localhost:1"}, 200},
		{nil, 415},
		{[]string{"Content-Type", "text/plain"}, 415},
		{[]string{"Content-Type", "application/json", "Origin", "http://evil.example"}, 403},
		{[]string{"Content-Type", "application/json", "Host", "evil.example"}, 403},
	} {
		if status, body := post(c.headers...); status != c.status {
			t.Errorf("%v: %d %s, want %d", c.headers, status, body, c.status)
		}
	}
	replace(t, file, keyed(3)+"listne: 1\ntoken: {ttl: 1}\n")
	p.awaitCount(t, "the one before goes on", 1)
	if status, body := post("Content-Type", "application/json"); status != 422 || !strings.Contains(body, "listne: unknown field") {
		t.Errorf("%d %s", status, body)
	}
	if got := keyOf(t, p.addr); got != 2 {
		t.Errorf("after a mistake key %d signs", got)
	}
	if m := get(t, "http://"+p.admin+"/metrics"); !strings.Contains(m, "\nvideotoken_config_last_reload_successful 0\n") {
		t.Error("the metrics do not show the mistake")
	}
	replace(t, file, keyed(3)+"limits: {body: 32KiB}\n")
	p.awaitCount(t, "a reload does not change these", 1)
	if got := keyOf(t, p.addr); got != 3 {
		t.Errorf("after the mistake was mended key %d signs", got)
	}
	if m := get(t, "http://"+p.admin+"/metrics"); !strings.Contains(m, "\nvideotoken_config_last_reload_successful 1\n") {
		t.Error("the metrics do not show that it was mended")
	}
}

// TestReloadsUnderLoad: keys rotate under load. No request fails, and every token verifies with the
// configuration of its moment and with the one after it.
func TestReloadsUnderLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	replace(t, file, keyed(1, 2))
	p := start(t, "-config", file)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var verified [4]atomic.Int64 // how many tokens each client has had verified
	for n := range verified {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, text, ok := strings.Cut(postSeed(t, p.addr), "https://a.example")
				uri, _, _ := strings.Cut(text, "\"")
				if !ok {
					t.Error("no URL")
					return
				}
				r, _ := http.NewRequest("GET", "http://"+p.addr+"/verify/auth-request/a", nil)
				r.Header.Set("X-Original-URI", uri)
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
				if res.StatusCode != 200 {
					t.Errorf("%s: %d", uri, res.StatusCode)
					return
				}
				verified[n].Add(1)
			}
		}()
	}
	for i := range 100 {
		replace(t, file, keyed(i+2, i+1, i+3)) // the next one to sign verifies already
		if res, err := http.Post("http://"+p.admin+"/reload", "application/json", nil); err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		} else {
			_ = res.Body.Close()
		}
		// One reload at most between a token and its verification: each client ends the pair of
		// requests that it is in.
		for n := range verified {
			for before := verified[n].Load(); verified[n].Load() == before && !t.Failed(); time.Sleep(time.Millisecond) {
			}
		}
	}
	close(stop)
	clients.Wait()
}

// TestListenOnSeveral: several addresses, one of them a Unix socket, which is removed at the end.
func TestListenOnSeveral(t *testing.T) {
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "videotoken.yaml"), filepath.Join(dir, "s")
	replace(t, file, keyed(1)+"listen: [\"127.0.0.1:0\", \"unix:"+socket+"\"]\n")
	p := startWithout(t, "-config", file, "-admin", "127.0.0.1:0")
	p.awaitCount(t, "INFO serving", 2)
	client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
	for range 3 {
		res, err := client.Post("http://unix/video/token", "application/json", strings.NewReader(`{"video":{"sources":[{"src":"/a"}]}}`))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || !strings.Contains(string(body), "https://a.example/a?token=") {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	}
	if got := get(t, "http://"+p.addr+"/healthz"); got != "ok\n" {
		t.Errorf("healthz: %q", got)
	}
	p.signal(t, syscall.SIGTERM)
	if status := p.wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}
