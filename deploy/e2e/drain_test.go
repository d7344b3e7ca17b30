package e2e

import (
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

// TestDrain restarts four instances in turn, with SIGTERM, while clients ask them without a pause.
// HAProxy sends no request twice, so that each one that an instance drops is a client's error.
func TestDrain(t *testing.T) {
	const stops, instances, clients = 20, 4, 16
	c, err := stack.NewCluster(stack.ClusterOptions{Binary: binary, Instances: instances, Drain: time.Second})
	stacktest.Close(t, c)
	if err != nil {
		t.Fatal(err)
	}
	var load stack.Load
	load.Start(clients, stack.Signing(c.Addr))
	for i := range stops {
		before := load.Failed.Load()
		if err := c.Restart(c.Instances[i%instances]); err != nil {
			load.Stop()
			t.Fatal(err)
		}
		if n := load.Failed.Load() - before; n > 0 {
			t.Errorf("stop %d: %d requests failed", i+1, n)
		}
	}
	load.Stop()
	t.Logf("%d stops, %v", stops, &load)
	if load.Failed.Load() > 0 || load.Sent.Load() == 0 {
		t.Error(&load)
	}
}
