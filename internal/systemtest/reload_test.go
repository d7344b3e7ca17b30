package systemtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"videotoken/token"
)

const (
	notReloaded = "ERROR the configuration was not read again: the one before goes on"
	goodAgain   = "INFO the configuration is as it was again"
)

// TestReload: each way to have the configuration read again, and what becomes of mistakes.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys("", 1))
	p := start(t, "-config", file)
	if _, id := signedBy(t, p.addr); id != 1 {
		t.Fatalf("key %d", id)
	}

	// The file changes.
	put(t, file, withKeys("", 2, 1))
	t.Logf("a change of the file took effect after %v", awaitKey(t, p, 2))

	// A mistake keeps the configuration before it. The metric tells.
	put(t, file, withKeys("", 3)+"cors: {origins: [nowhere]}\nlisten: nowhere\n")
	p.await(t, notReloaded)
	if _, id := signedBy(t, p.addr); id != 2 {
		t.Errorf("key %d after a mistake", id)
	}
	if m := get(t, "http://"+p.admin+"/metrics"); !strings.Contains(m,
		"\nvideotoken_config_last_reload_successful 0\n") {
		t.Error("the metric does not tell of the mistake")
	}
	if status, answer := admin(t, p, "/reload", ""); status != 422 ||
		!strings.Contains(answer, "cors.origins[0]") || !strings.Contains(answer, "listen: must be") {
		t.Errorf("POST /reload: %d %s", status, answer)
	}
	p.signal(t, syscall.SIGHUP)

	// Back as it was.
	put(t, file, withKeys("", 2, 1))
	p.await(t, goodAgain)
	if m := get(t, "http://"+p.admin+"/metrics"); !strings.Contains(m,
		"\nvideotoken_config_last_reload_successful 1\n") {
		t.Error("the metric does not tell that all is well")
	}

	// A secret file that is not there yet, and comes.
	inFile := "drain: 0s\ncdns: [{name: a, url: \"https://a.example\", keys: [{id: 5, secret_file: " +
		"five}]}]\n"
	put(t, file, inFile)
	if status, answer := admin(t, p, "/reload", "{}"); status != 422 ||
		!strings.Contains(answer, "no such file") {
		t.Errorf("%d %s", status, answer)
	}
	put(t, filepath.Join(filepath.Dir(file), "five"), secret(5)+"\n")
	awaitKey(t, p, 5)

	// By request and by signal, also where the file did not change.
	if status, answer := admin(t, p, "/reload", ""); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	put(t, file, withKeys("", 6))
	if status, answer := admin(t, p, "/reload", ""); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	if _, id := signedBy(t, p.addr); id != 6 {
		t.Errorf("key %d right after POST /reload", id)
	}
	put(t, file, withKeys("", 7))
	p.signal(t, syscall.SIGHUP)
	awaitKey(t, p, 7)

	// What a reload cannot change is said, and the rest of it takes effect.
	put(t, file, withKeys("listen: \":1\"\nlimits: {body: 32KiB, urls: 7}", 8))
	awaitKey(t, p, 8)
	p.await(t, "WARN a reload does not change these: start the service anew")
	p.mu.Lock()
	defer p.mu.Unlock()
	// -listen holds
	if !slices.ContainsFunc(p.log, func(r map[string]any) bool {
		return fmt.Sprint(r["fields"]) == "[limits.body]"
	}) {
		t.Errorf("%v", p.log)
	}
	for _, r := range p.log {
		for id := range 9 {
			if strings.Contains(fmt.Sprint(r), secret(id)) {
				t.Errorf("a secret is logged: %v", r)
			}
		}
	}
}

// TestReloadKubernetes: a Secret and a ConfigMap that Kubernetes mounts change by one symbolic link
// for each folder.
func TestReloadKubernetes(t *testing.T) {
	dir := t.TempDir()
	mount := func(folder string, version int, files map[string]string) {
		t.Helper()
		stamp := fmt.Sprintf("..2026_11_27_10_30_00.%d", version)
		if err := os.MkdirAll(filepath.Join(dir, folder, stamp), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			put(t, filepath.Join(dir, folder, stamp, name), content)
			if version == 1 {
				if err := os.Symlink(filepath.Join("..data", name),
					filepath.Join(dir, folder, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		data := filepath.Join(dir, folder, "..data")
		if err := errors.Join(os.Symlink(stamp, data+"_tmp"), os.Rename(data+"_tmp", data)); err != nil {
			t.Fatal(err)
		}
		if version > 1 {
			if err := os.RemoveAll(
				filepath.Join(dir, folder, fmt.Sprintf("..2026_11_27_10_30_00.%d", version-1))); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := func(id int) string {
		return fmt.Sprintf("drain: 0s\ncdns: [{name: a, url: \"https://a.example\", keys: [{id: %d, "+
			"secret_file: ../secrets/key}]}]\n", id)
	}
	mount("secrets", 1, map[string]string{"key": secret(1)})
	mount("config", 1, map[string]string{"videotoken.yaml": config(1)})
	p := start(t, "-config", filepath.Join(dir, "config", "videotoken.yaml"))
	awaitSecret := func(id, number int) {
		t.Helper()
		raw, err := token.ParseSecret(secret(number))
		if err != nil {
			t.Fatal(err)
		}
		key, err := token.NewKey(uint16(id), raw)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for {
			target := targetOf(t, postSeed(t, p.addr))
			if _, err := (token.Keys{key}).Verify(token.Request{URI: []byte(target),
				Now: began.Unix()}); err == nil {
				break
			}
			if time.Since(began) > 30*time.Second {
				t.Fatalf("it never signs with key %d and secret %d: %q", id, number, p.messages())
			}
		}
		t.Logf("took effect after %v", time.Since(began))
	}
	awaitSecret(1, 1)
	mount("secrets", 2, map[string]string{"key": secret(2)})
	awaitSecret(1, 2)
	mount("config", 2, map[string]string{"videotoken.yaml": config(2)})
	awaitSecret(2, 2)
	if m := p.messages(); slices.Contains(m, notReloaded) {
		t.Errorf("%q", m)
	}
}

// TestReloads: 1,000 reloads under load, each with another key that signs, and with the one before
// it: no request fails, each token verifies with the keys of its moment, and with those of the
// configuration after it.
func TestReloads(t *testing.T) {
	const reloads = 1000
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys("", 1))
	p := start(t, "-config", file)
	var asked atomic.Int64
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			for {
				select {
				case <-done:
					return
				default:
				}
				res, err := client.Post("http://"+p.addr+"/video/token", "application/json",
					strings.NewReader(seed))
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				m := tokenOf.FindStringSubmatch(string(b))
				if err != nil || res.StatusCode != 200 || m == nil {
					t.Errorf("%d %s, %v", res.StatusCode, b, err)
					return
				}
				if _, err := allKeys().Verify(
					token.Request{URI: []byte("/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4?token=" + m[1]),
						Now: time.Now().Unix()}); err != nil {
					t.Error(err)
				}
				asked.Add(1)
			}
		})
	}
	verify := func(when, target string) {
		t.Helper()
		r, err := http.NewRequest("GET", "http://"+p.addr+"/verify/auth-request/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Original-URI", target)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", when, res.StatusCode, res.Header.Get("X-Token-Reason"))
		}
	}
	before := ""
	for i := range reloads {
		id := i + 2
		put(t, file, withKeys("", id, id-1))
		if status, answer := admin(t, p, "/reload", ""); status != 200 {
			t.Fatalf("reload %d: %d %s", i, status, answer)
		}
		if before != "" {
			verify("a token of the configuration before", before)
		}
		target, signed := signedBy(t, p.addr)
		if signed != id {
			t.Fatalf("reload %d: signed with key %d", i, signed)
		}
		verify("a token of this configuration", target)
		before = target
	}
	close(done)
	clients.Wait()
	m := get(t, "http://"+p.admin+"/metrics")
	if !strings.Contains(m, fmt.Sprintf("\nvideotoken_config_reloads_total{result=\"success\"} %d\n",
		reloads)) || !strings.Contains(m, "\nvideotoken_config_reloads_total{result=\"failure\"} 0\n") {
		t.Errorf("%s", m)
	}
	t.Logf("%d reloads, %d requests of others meanwhile, all answered", reloads, asked.Load())
	if asked.Load() < reloads {
		t.Error("too few requests")
	}
}
