package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// TestClocks has an instance that is 30 s ahead and one that is 30 s behind, where the leeway is 10
// s. docs/scaling.md says what comes of it.
func TestClocks(t *testing.T) {
	const ahead, behind, right, other = 0, 1, 2, 3
	c := newCluster(t, stack.ClusterOptions{Instances: 4, Binary: withClock(t)})
	for i, wrong := range []time.Duration{ahead: 30 * time.Second, behind: -30 * time.Second} {
		if err := c.Instances[i].SetClock(wrong); err != nil {
			t.Fatal(err)
		}
	}
	at := addresses(c)
	under(t, viewing(c, at...), func(*stack.Load) error { return nil }) // tokens of 6 h

	now := time.Now().Unix()
	for _, q := range []struct {
		name, claims string
		by           int
		want         [4]string
	}{
		{"a minute", `"ttl":60`, right, [4]string{}},
		// 15 s are rounded up to 18 s at most.
		{"15 s", `"ttl":15`, right, [4]string{ahead: "expired"}},
		{"15 s, by the one behind", `"ttl":15`, behind,
			[4]string{ahead: "expired", right: "expired", other: "expired"}},
		{"15 s, by the one ahead", `"ttl":15`, ahead, [4]string{}},
		{"from now on", fmt.Sprintf(`"notBefore":%d`, now), right, [4]string{behind: "not-yet"}},
	} {
		uri, err := stack.Sign(http.DefaultClient, at[q.by], q.claims)
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		for i := range at {
			got, err := stack.Verify(http.DefaultClient, at[i], uri)
			if err != nil || got != q.want[i] {
				t.Errorf("%s, at instance %d: %q, %v; want %q", q.name, i, got, err, q.want[i])
			}
		}
	}
}

// TestClockSteps sets the clock of an instance an hour ahead, back, and an hour behind, again and
// again: no token of 6 h is refused, and what is revoked stays revoked.
func TestClockSteps(t *testing.T) {
	steps := pick(8, 80)
	c := newCluster(t, stack.ClusterOptions{Instances: 2, Binary: withClock(t), Redis: newRedis(t)})
	uri, err := signSession(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := revoke(c.Instances[0], 1); err != nil || status != http.StatusOK {
		t.Fatalf("revoking: %d, %v", status, err)
	}
	for _, in := range c.Instances {
		awaitReason(t, in, uri, "revoked")
	}
	in := c.Instances[0]
	under(t, viewing(c), func(load *stack.Load) error {
		for i := range steps {
			step := []time.Duration{time.Hour, 0, -time.Hour, 0}[i%4]
			if err := in.SetClock(step); err != nil {
				return err
			}
			load.Await(some)
			got, err := stack.Verify(http.DefaultClient, in.Addr, uri)
			if err != nil || got != "revoked" {
				t.Errorf("a revoked session, at %v: %q, %v", step, got, err)
			}
		}
		t.Logf("%d steps of an hour", steps)
		return nil
	})
}
