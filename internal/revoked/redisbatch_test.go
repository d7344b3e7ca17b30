package revoked

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"videotoken/internal/revoked/redistest"
)

// TestRedisHasMore: more changes at once than are read in one piece, more than the stream keeps,
// and what is no session at all.
func TestRedisHasMore(t *testing.T) {
	r := redistest.Start(t)
	sets, logs := instances(t, r, 2)
	r.Do(t, "ZADD", sessionsKey, "inf", fmt.Sprintf("%x", id(1)), "5", "no session",
		fmt.Sprint(testUntil), fmt.Sprintf("%X", id(2)), "-7", fmt.Sprintf("%x", id(3)))
	r.Do(t, "XADD", changesKey, "*", "session", "zz", "until", "99")
	r.Do(t, "XADD", changesKey, "*", "something", "else")
	r.Do(t, "XADD", changesKey, "*", "session", fmt.Sprintf("%x", id(4)), "until", "nan")
	r.Do(t, "XADD", changesKey, "*", "all", "another")
	awaitAll(t, sets, 1, 2)
	for _, i := range []int{3, 4} {
		if sets[0].Has(id(i)) {
			t.Errorf("session %d", i)
		}
	}
	for _, log := range logs {
		if n := strings.Count(log.String(), "something else"); n != 1 {
			t.Errorf("%d warnings: %s", n, log)
		}
	}
	add := func(from, n int) {
		t.Helper()
		script := `for i = 1, #ARGV do redis.call('ZADD', KEYS[1], 'GT', '4000000000', ARGV[i]); redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'session', ARGV[i], 'until', '4000000000') end return 1`
		for ; n > 0; n -= 1000 {
			args := []string{"EVAL", script, "2", sessionsKey, changesKey}
			for range min(n, 1000) {
				args = append(args, fmt.Sprintf("%x", id(from)))
				from++
			}
			r.Do(t, args...)
		}
	}
	add(1000, 3500)
	awaitAll(t, sets, 1000, 2000, 3000, 4499)
	add(10_000, 25_000) // while they read, and may be overtaken
	for n, s := range sets {
		await(t, fmt.Sprintf("instance %d has all", n), func() bool {
			for i := range 25_000 {
				if !s.Has(id(10_000 + i)) {
					return false
				}
			}
			return true
		})
	}
}

// TestRedisDrops: what was over for a day goes out of Redis by the clock of Redis, and is not
// written back.
func TestRedisDrops(t *testing.T) {
	r := redistest.Start(t)
	now := time.Now().Unix()
	sets, _ := instances(t, r, 1)
	for i, until := range []int64{1, now - spare - 100, now - spare + 1000, now + 1000} {
		r.Do(t, "ZADD", sessionsKey, fmt.Sprint(until), fmt.Sprintf("%x", id(i)))
	}
	sets[0].Close()
	instances(t, r, 1)
	await(t, "what is over is gone", func() bool { return r.Do(t, "ZCARD", sessionsKey) == "2" })
	if got := r.Do(t, "ZRANGE", sessionsKey, "0", "-1"); got != fmt.Sprintf("[%x %x]", id(2), id(3)) {
		t.Error(got)
	}
}

func TestCheckRedis(t *testing.T) {
	for url, ok := range map[string]bool{
		"redis://127.0.0.1:6379/0": true, "redis://h": true, "rediss://u:p@h:6380/3": true,
		"valkey://h": true, "valkeys://h:1": true, "unix:///run/redis.sock": true,
		"": false, "h:6379": false, "http://h": false, "redis://h/x": false, "redis://h:x": false,
		"unix://": false, "redis://u:%zz@h": false,
	} {
		if err := CheckRedis(url); (err == nil) != ok ||
			err != nil && strings.Contains(url, "%zz") && strings.Contains(err.Error(), "zz") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
