package chaos

import (
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// TestDrain restarts four instances in turn, with SIGTERM, while clients ask them without a pause.
// HAProxy sends no request twice, so that each one that an instance drops is a client's error.
func TestDrain(t *testing.T) {
	stops := pick(4, 20)
	c := newCluster(t, stack.ClusterOptions{Instances: 4, Drain: 2 * time.Second, Redis: newRedis(t)})
	under(t, viewing(c), func(load *stack.Load) error {
		for i := range stops {
			if err := c.Restart(c.Instances[i%len(c.Instances)]); err != nil {
				return err
			}
		}
		t.Logf("%d stops", stops)
		return nil
	})
}
