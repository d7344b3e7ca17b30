package revoked

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"videotoken/internal/revoked/redistest"
)

// instances opens sets that share a Redis, and waits until all are loaded.
func instances(tb testing.TB, r *redistest.Server, n int) (sets []*Set, logs []*logBuffer) {
	tb.Helper()
	for range n {
		s, log := open(tb, Config{Redis: r.URL()})
		sets, logs = append(sets, s), append(logs, log)
	}
	for _, s := range sets {
		await(tb, "the set is loaded", s.Loaded)
	}
	return sets, logs
}

func awaitAll(tb testing.TB, sets []*Set, ids ...int) {
	tb.Helper()
	for n, s := range sets {
		for _, i := range ids {
			await(tb, fmt.Sprintf("instance %d has session %d", n, i), func() bool { return s.Has(id(i)) })
		}
	}
}

// TestRedis: what one instance revokes, or the command line, every other one has within a moment,
// and one that starts later when it is loaded.
func TestRedis(t *testing.T) {
	r := redistest.Start(t, "--appendonly", "yes")
	sets, logs := instances(t, r, 3)
	var worst time.Duration
	for i := range 20 {
		revoke(t, sets[i%3], i)
		began := time.Now()
		awaitAll(t, sets, i)
		worst = max(worst, time.Since(began))
	}
	t.Logf("three instances had each of 20 sessions within %v", worst)
	if err := Add(context.Background(), Config{Redis: r.URL(), Now: sets[0].memory.now}, id(50),
		testUntil); err != nil {
		t.Error(err)
	}
	awaitAll(t, sets, 50)
	late, log := open(t, Config{Redis: r.URL()})
	await(t, "the set is loaded", late.Loaded)
	for i := range 60 {
		if got, want := late.Has(id(i)), i < 20 || i == 50; got != want {
			t.Errorf("session %d: %v", i, got)
		}
	}
	for _, log := range append(logs, log) {
		if log.String() != "" {
			t.Error(log)
		}
	}
	if s := sets[0].Stats(); s.Sessions != 21 || s.Revoked != 7 || s.Failures != 0 ||
		s.Synced.IsZero() {
		t.Errorf("%+v", s)
	}
}

// TestRedisStarts: a set opens without Redis, is not loaded, revokes nothing, and is loaded once
// Redis is there.
func TestRedisStarts(t *testing.T) {
	r := redistest.Start(t)
	r.Kill()
	s, log := open(t, Config{Redis: r.URL()})
	await(t, "it fails", func() bool { return s.Stats().Failures > 1 })
	if err := s.Revoke(context.Background(), id(1), testTime+1); err == nil || s.Has(id(1)) ||
		s.Loaded() {
		t.Errorf("%v, loaded %v", err, s.Loaded())
	}
	if err := Add(context.Background(), Config{Redis: r.URL(), Now: s.memory.now}, id(1),
		testUntil); err == nil {
		t.Error("the command line revokes without Redis")
	}
	r.Restart(t)
	await(t, "it is loaded", s.Loaded)
	revoke(t, s, 1)
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(),
		"all are known again") || !strings.Contains(log.String(), "set appendonly yes") {
		t.Errorf("%d errors: %s", n, log)
	}
}

// TestRedisLosesAll: Redis is killed while instances revoke, and comes back without anything, as it
// does without an append-only file. Whatever was acknowledged holds at each instance, is in Redis
// again, and so at one that starts afterwards.
func TestRedisLosesAll(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(testing.TB, *redistest.Server)
	}{
		{"killed", func(tb testing.TB, r *redistest.Server) { r.Kill(); r.Restart(tb) }},
		{"emptied", func(tb testing.TB, r *redistest.Server) { r.Do(tb, "FLUSHALL") }},
		{"a time shortened, changes trimmed", func(tb testing.TB, r *redistest.Server) {
			r.Do(tb, "ZADD", sessionsKey, fmt.Sprint(testTime-5), fmt.Sprintf("%x", id(0)))
			r.Do(tb, "XTRIM", changesKey, "MAXLEN", "0")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := redistest.Start(t)
			sets, _ := instances(t, r, 2)
			acknowledged := map[int]bool{}
			try := func(i int) {
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				defer cancel()
				if err := sets[i%2].Revoke(ctx, id(i), testUntil); err == nil {
					acknowledged[i] = true
				} else if sets[i%2].Has(id(i)) {
					t.Errorf("session %d was refused, %v, and is revoked", i, err)
				}
			}
			lost := make(chan struct{})
			for i := range 200 {
				if i == 100 {
					go func() { c.lose(t, r); close(lost) }()
				}
				try(i)
			}
			<-lost
			await(t, "revoking again", func() bool {
				try(1000)
				try(1001)
				return acknowledged[1000] && acknowledged[1001]
			})
			t.Logf("%d acknowledged", len(acknowledged))
			for i := range acknowledged {
				awaitAll(t, sets, i)
			}
			// Redis may have some that were refused, too
			scores, until := []string{"ZMSCORE", sessionsKey}, []any{}
			for i := range acknowledged {
				scores, until = append(scores, fmt.Sprintf("%x", id(i))), append(until, float64(testUntil))
			}
			await(t, "all are in Redis again", func() bool {
				return r.Do(t, scores...) == fmt.Sprint(until)
			})
			late, _ := instances(t, r, 1)
			for i := range acknowledged {
				if !late[0].Has(id(i)) {
					t.Errorf("session %d is lost", i)
				}
			}
		})
	}
}

// TestRedisLosesOne: also a session that somebody removed by hand, with nothing else going on.
func TestRedisLosesOne(t *testing.T) {
	r := redistest.Start(t)
	sets, _ := instances(t, r, 2)
	for i := range 3 {
		revoke(t, sets[0], i)
	}
	awaitAll(t, sets, 0, 1, 2)
	r.Do(t, "ZREM", sessionsKey, fmt.Sprintf("%x", id(1)))
	await(t, "it is in Redis again", func() bool { return r.Do(t, "ZCARD", sessionsKey) == "3" })
	awaitAll(t, sets, 0, 1, 2)
}

// TestRedisKeepsTheLatest: the latest time counts, whichever instance says it and in whatever
// order.
func TestRedisKeepsTheLatest(t *testing.T) {
	r := redistest.Start(t)
	sets, _ := instances(t, r, 1)
	s := sets[0]
	score := func() string { return r.Do(t, "ZSCORE", sessionsKey, fmt.Sprintf("%x", id(1))) }
	for _, until := range []int64{testUntil, testUntil - 7} {
		if err := s.Revoke(context.Background(), id(1), until); err != nil {
			t.Fatal(err)
		}
		if err := Add(context.Background(), Config{Redis: r.URL(), Now: s.memory.now}, id(1),
			until-1); err != nil {
			t.Error(err)
		}
	}
	if got := score(); got != fmt.Sprint(float64(testUntil)) {
		t.Errorf("until %s", got)
	}
	r.Do(t, "ZADD", sessionsKey, fmt.Sprint(testUntil+9), fmt.Sprintf("%x", id(1)))
	s.shared.forget()
	await(t, "what Redis says is known", func() bool {
		entries, _, _ := s.Since(0, 10)
		return len(entries) == 1 && entries[0].Until == testUntil+9
	})
	r.Do(t, "FLUSHALL")
	await(t, "and written back", func() bool { return r.Do(t, "ZCARD", sessionsKey) == "1" })
	if got := score(); got != fmt.Sprint(float64(testUntil+9)) {
		t.Errorf("until %s", got)
	}
}

// TestRedisStops: a Redis that does not answer holds up neither those who verify nor, for long,
// those who revoke.
func TestRedisStops(t *testing.T) {
	r := redistest.Start(t)
	sets, logs := instances(t, r, 1)
	revoke(t, sets[0], 1)
	r.Signal(t, syscall.SIGSTOP)
	err := sets[0].Revoke(context.Background(), id(2), testUntil)
	if err == nil || !strings.Contains(err.Error(), "not revoked: redis does not take it") {
		t.Error(err)
	}
	await(t, "it fails", func() bool { return sets[0].Stats().Failures > 0 })
	if !sets[0].Has(id(1)) || !sets[0].Loaded() {
		t.Error("what was revoked")
	}
	r.Signal(t, syscall.SIGCONT)
	await(t, "all is well", func() bool {
		return strings.Contains(logs[0].String(), "all are known again")
	})
	revoke(t, sets[0], 3)
}

// TestRedisRefuses: a Redis that cannot write is told, and what it has counts.
func TestRedisRefuses(t *testing.T) {
	r := redistest.Start(t)
	sets, _ := instances(t, r, 1)
	revoke(t, sets[0], 1)
	r.Do(t, "CONFIG", "SET", "maxmemory", "1")
	if err := sets[0].Revoke(context.Background(), id(2), testUntil); err == nil ||
		!strings.Contains(err.Error(), "OOM") || sets[0].Has(id(2)) {
		t.Error(err)
	}
	late, _ := instances(t, r, 1)
	if !late[0].Has(id(1)) {
		t.Error("session 1 is not revoked")
	}
}
