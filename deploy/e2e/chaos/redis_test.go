package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// TestRedisAway kills the Redis that four instances share, while sessions are revoked and clients
// ask. Meanwhile no request fails, nothing that is revoked becomes good, and revoking is refused.
// An instance that starts meanwhile is not ready, and gets no requests. The Redis comes back empty,
// and everything that was acknowledged is known to every instance again.
func TestRedisAway(t *testing.T) {
	redis := newRedis(t)
	c := newCluster(t, stack.ClusterOptions{Instances: 4, Retry: true, Redis: redis})
	refused := 0
	var known []int // the sessions that were acknowledged
	uri, err := signSession(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	under(t, viewing(c), func(load *stack.Load) error {
		restarted := c.Instances[3] // revokes nothing, so that it takes nothing along
		killed := false
		for n := 1; refused < 3*len(c.Instances); n++ {
			switch n {
			case 2: // all know the first, at which the clients look
				for _, in := range c.Instances {
					awaitReason(t, in, uri, "revoked")
				}
			case 50: // some of those before are known to one instance alone
				killed = true
				if err := redis.Kill(); err != nil {
					return err
				}
			}
			status, err := revoke(c.Instances[n%3], n)
			switch {
			case err != nil:
				return err
			case status == http.StatusOK:
				known = append(known, n)
			case status == http.StatusServiceUnavailable && killed:
				refused++
			default:
				return fmt.Errorf("revoking: %d", status)
			}
		}
		if err := restarted.Kill(); err != nil {
			return err
		}
		if err := c.Await(restarted, "DOWN"); err != nil {
			return err
		}
		if err := c.Boot(restarted); err != nil {
			return err
		}
		away := time.Now().Add(pick(3*time.Second, time.Minute))
		for time.Now().Before(away) {
			load.Await(some)
			for i, in := range c.Instances {
				want := "revoked"
				if in == restarted {
					want = "not-loaded"
				}
				if got, err := stack.Verify(http.DefaultClient, in.Addr, uri); err != nil || got != want {
					return fmt.Errorf("without Redis, at instance %d: %q, %v; want %q", i, got, err, want)
				}
			}
		}
		if err := c.Await(restarted, "DOWN"); err != nil {
			return err
		}
		if err := redis.Start(); err != nil {
			return err
		}
		return c.Await(restarted, "UP")
	})
	t.Logf("%d revocations acknowledged, %d refused", len(known), refused)
	for i, in := range c.Instances {
		if err := awaitSessions(in, known); err != nil {
			t.Errorf("instance %d: %v", i, err)
		}
	}
	if status, err := revoke(c.Instances[3], 1000); err != nil || status != http.StatusOK {
		t.Errorf("revoking with Redis back: %d, %v", status, err)
	}
}

// awaitSessions waits until the list of revoked sessions of an instance has these.
func awaitSessions(in *stack.Instance, sessions []int) error {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, list, err := in.Get("/revoked")
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("GET /revoked: %d %s, %v", status, list, err)
		}
		missing := slices.IndexFunc(sessions, func(n int) bool {
			return !strings.Contains(list, `"`+sessionID(n)+`"`)
		})
		if missing < 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the session %d is lost", sessions[missing])
		}
	}
}
