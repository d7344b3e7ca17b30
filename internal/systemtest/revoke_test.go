package systemtest

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"videotoken/internal/revoked/redistest"
)

const session = "00112233aabbccdd"

// signSession returns the target of a token with a session.
func signSession(tb testing.TB, file, session string) string {
	tb.Helper()
	url, errs, status := command(tb, "sign", "-config", file, "-session", session, "/a.mp4")
	if status != 0 {
		tb.Fatal(errs)
	}
	return strings.TrimSpace(strings.TrimPrefix(url, "https://a.example"))
}

// verdict asks /verify about a target.
func verdict(tb testing.TB, p *process, target string) (status int, reason string) {
	tb.Helper()
	r, err := http.NewRequest("GET", "http://"+p.addr+"/verify/auth-request/a", nil)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("X-Original-URI", target)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode, res.Header.Get("X-Token-Reason")
}

// awaitVerdict waits until /verify says a status, and returns how long that took.
func awaitVerdict(tb testing.TB, p *process, target string, want int) time.Duration {
	tb.Helper()
	began := time.Now()
	for {
		status, reason := verdict(tb, p, target)
		if status == want {
			return time.Since(began)
		}
		if time.Since(began) > 30*time.Second {
			tb.Fatalf("%d %s, never %d: %q", status, reason, want, p.messages())
		}
	}
}

// TestRevokeCommand: what the command line revokes, a running service refuses within a moment, and
// still after a restart; nothing is signed for it. Other sessions go on.
func TestRevokeCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys("revocations: {file: revoked}", 1))
	if _, errs, status := command(t, "revoke", "-config", file, session); status != 1 ||
		!strings.Contains(errs, "the service makes the file when it starts") {
		t.Errorf("before there is a file: %d, %q", status, errs)
	}
	p := start(t, "-config", file)
	target, other := signSession(t, file, session), signSession(t, file, "ffffffffffffffff")
	awaitVerdict(t, p, target, 200)
	out, errs, status := command(t, "revoke", "-config", file, session)
	if status != 0 || !strings.HasPrefix(out, "revoked  "+session+"\nuntil    20") || errs != "" {
		t.Fatalf("%d, %q, %q", status, out, errs)
	}
	t.Logf("refused after %v", awaitVerdict(t, p, target, 403))
	check := func() {
		t.Helper()
		if status, reason := verdict(t, p, target); status != 403 || reason != "revoked" {
			t.Errorf("%d %s", status, reason)
		}
		if status, reason := verdict(t, p, other); status != 200 {
			t.Errorf("another session: %d %s", status, reason)
		}
		res, err := http.Post("http://"+p.addr+"/video/token", "application/json",
			strings.NewReader(`{"token":{"session":"`+session+`"},`+seed[1:]))
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != 403 {
			t.Errorf("signing for it: %d", res.StatusCode)
		}
	}
	check()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
	p = start(t, "-config", file)
	check()
	if got := get(t, "http://"+p.admin+"/revoked?since=0"); !strings.Contains(got, `{"session":"`+
		session+`","until":`) {
		t.Error(got)
	}
}

// TestRevokeMistakes: what the command line refuses.
func TestRevokeMistakes(t *testing.T) {
	with := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, with, withKeys("revocations: {file: revoked}", 1))
	without := configure(t)
	put(t, filepath.Join(filepath.Dir(with), "revoked"), "")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-config", with}, 2, "0 arguments where 1 are expected"},
		{[]string{"-config", with, "0011"}, 1, "must be a string of 16 hexadecimal digits"},
		{[]string{"-config", with, "00112233aabbccdg"}, 1, "must be a string of 16 hexadecimal digits"},
		{[]string{"-config", without, session}, 1, "has no revocations"},
		{[]string{"-config", with, "-until", "1", session}, 1,
			"the time until which the session would be revoked is over"},
		{[]string{"-config", with, "-until", "99999999999", session}, 1, "after 2106"},
		{[]string{"-config", with, "-until", "99", "-for", "1h", session}, 1, "give one of them"},
		{[]string{"-config", with, "-for", "-1h", session}, 1, "is over"},
		{[]string{"-config", with, "-for", "1h", session}, 0, ""},
	} {
		out, errs, status := command(t, append([]string{"revoke"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.says) || (out == "") != (status != 0) {
			t.Errorf("%v: %d, %q, %q", c.args, status, out, errs)
		}
	}
}

// TestRevokeEverywhere: three instances share a Redis. What is revoked at one of them is refused at
// the others within a moment. Redis is killed under load, and starts again with nothing: no request
// fails meanwhile, what was acknowledged holds everywhere, and what cannot be kept is refused.
func TestRevokeEverywhere(t *testing.T) {
	r := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys(fmt.Sprintf("revocations: {redis: %q}", r.URL()), 1))
	var all []*process
	for range 3 {
		p := start(t, "-config", file)
		awaitStatus(t, "http://"+p.addr+"/readyz", 200)
		all = append(all, p)
	}
	target := func(i int) string { return signSession(t, file, fmt.Sprintf("%016x", i)) }
	revoke := func(p *process, i int) int {
		status, _ := admin(t, p, "/revoke", fmt.Sprintf(`{"session":"%016x"}`, i))
		return status
	}
	var worst time.Duration
	for i := range 3 {
		url := target(i)
		for _, p := range all {
			awaitVerdict(t, p, url, 200)
		}
		if status := revoke(all[i], i); status != 200 {
			t.Fatalf("revoke: %d", status)
		}
		began := time.Now()
		for _, p := range all {
			awaitVerdict(t, p, url, 403)
		}
		worst = max(worst, time.Since(began))
	}
	t.Logf("refused at all three within %v", worst)

	// Redis goes, under load.
	good := target(1000)
	done := make(chan struct{})
	answered := make(chan int64)
	var failed atomic.Int64
	go func() {
		n := int64(0)
		for {
			select {
			case <-done:
				answered <- n
				return
			default:
			}
			for _, p := range all {
				if status, reason := verdict(t, p, good); status != 200 {
					failed.Add(1)
					t.Errorf("under load: %d %s", status, reason)
				}
				postSeed(t, p.addr)
				n++
			}
		}
	}()
	acknowledged := []int{0, 1, 2}
	for i := 10; i < 40; i++ {
		if i == 20 {
			r.Kill()
		}
		if status := revoke(all[i%3], i); status == 200 {
			acknowledged = append(acknowledged, i)
		} else if status != 503 || i < 20 {
			t.Errorf("revocation %d: %d", i, status)
		}
	}
	if n := len(acknowledged); n < 13 || n > 14 { // one may have been on its way
		t.Errorf("%d acknowledged", n)
	}
	awaitStatus(t, "http://"+all[0].addr+"/readyz", 200) // also without Redis
	for _, p := range all {
		p.await(t, "ERROR revoked sessions: the list could not be synchronized; no session can be revoked")
	}
	r.Restart(t)
	for _, p := range all {
		p.await(t, "INFO revoked sessions: all are known again")
	}
	if status := revoke(all[0], 50); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	acknowledged = append(acknowledged, 50)
	late := start(t, "-config", file)
	awaitStatus(t, "http://"+late.addr+"/readyz", 200)
	for _, i := range acknowledged {
		url := target(i)
		for _, p := range append(all, late) {
			awaitVerdict(t, p, url, 403)
		}
	}
	close(done)
	t.Logf("%d acknowledged revocations hold, %d requests under load, %d failed", len(acknowledged),
		<-answered, failed.Load())
}

// awaitStatus waits until a URL answers with a status.
func awaitStatus(tb testing.TB, url string, want int) {
	tb.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		got := status(tb, url)
		if got == want {
			return
		}
		if time.Now().After(end) {
			tb.Fatalf("%s: %d, never %d", url, got, want)
		}
	}
}

// TestNoRedis: without Redis the service starts, is not ready, and refuses only what it cannot
// know.
func TestNoRedis(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, withKeys(`revocations: {redis: "redis://user:topsecret@127.0.0.1:1"}`, 1))
	p := start(t, "-config", file)
	if got := status(t, "http://"+p.addr+"/readyz"); got != 503 {
		t.Errorf("readyz: %d", got)
	}
	postSeed(t, p.addr)
	if status, reason := verdict(t, p, signSession(t, file, session)); status != 503 ||
		reason != "not-loaded" {
		t.Errorf("%d %s", status, reason)
	}
	if status, answer := admin(t, p, "/revoke", `{"session":"`+session+`"}`); status != 503 {
		t.Errorf("%d %s", status, answer)
	}
	p.await(t, "ERROR revoked sessions: the list could not be synchronized; no session can be revoked")
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.Contains(fmt.Sprint(p.log), "topsecret") {
		t.Errorf("the password is logged: %v", p.log)
	}
}
