package chaos

import (
	"strings"
	"testing"

	"videotoken/deploy/e2e/stack"
)

// TestRotation gives four instances a new key, one after another, as docs/operate.md says: first
// all know it, then it signs, and then the old one goes. A token of any instance is good at all of
// them throughout.
func TestRotation(t *testing.T) {
	c := newCluster(t, stack.ClusterOptions{Instances: 4})
	rotate := func(load *stack.Load, keys ...int) error {
		for _, in := range c.Instances {
			if err := c.UseKeys(in, keys...); err != nil {
				return err
			}
			load.Await(some) // no token lives longer: each is verified at once
		}
		return nil
	}
	rotations := pick(2, 20)
	under(t, viewing(c, addresses(c)...), func(load *stack.Load) error {
		old, next := 1, 2
		for range rotations {
			for _, keys := range [][]int{{old, next}, {next, old}, {next}} {
				if err := rotate(load, keys...); err != nil {
					return err
				}
			}
			old, next = next, next%3+1
		}
		t.Logf("%d rotations", rotations)
		return nil
	})

	// All have the key 3 now. A key that signs before all know it is refused: the test above can fail.
	var load stack.Load
	load.Start(clients, viewing(c, addresses(c)...))
	load.Await(some)
	if err := c.UseKeys(c.Instances[0], 1); err != nil {
		t.Error(err)
	}
	load.Await(some)
	load.Stop()
	if load.Failed.Load() == 0 || !strings.Contains(load.String(), "unknown-key") {
		t.Errorf("a key that one instance has alone: %v", &load)
	}
}
