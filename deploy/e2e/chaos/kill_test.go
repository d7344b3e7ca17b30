package chaos

import (
	"syscall"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// TestKill kills four instances in turn with SIGKILL. HAProxy asks another one where one does not
// answer.
func TestKill(t *testing.T) {
	kills := pick(8, 40)
	c := newCluster(t, stack.ClusterOptions{Instances: 4, Retry: true, Redis: newRedis(t)})
	under(t, viewing(c), func(load *stack.Load) error {
		for i := range kills {
			in := c.Instances[i%len(c.Instances)]
			if err := in.Kill(); err != nil {
				return err
			}
			load.Await(some)
			if err := c.Start(in); err != nil {
				return err
			}
		}
		t.Logf("%d kills", kills)
		return nil
	})

	// Without retry-on requests fail until HAProxy has noticed: the test above can fail.
	c = newCluster(t, stack.ClusterOptions{Instances: 2})
	var load stack.Load
	load.Start(clients, viewing(c))
	load.Await(some)
	err := c.Instances[0].Kill()
	if err == nil {
		err = c.Await(c.Instances[0], "DOWN")
	}
	if load.Stop(); err != nil || load.Failed.Load() == 0 {
		t.Errorf("without retry-on: %v, %v", &load, err)
	}
	t.Logf("without retry-on: %v", &load)
}

// TestPause stops each of some instances for 5 s with SIGSTOP: connections stay open, and nobody
// answers.
func TestPause(t *testing.T) {
	pauses := pick(1, 8)
	c := newCluster(t, stack.ClusterOptions{Instances: 4, Retry: true})
	under(t, viewing(c), func(load *stack.Load) error {
		for i := range pauses {
			in := c.Instances[i%len(c.Instances)]
			if err := in.Signal(syscall.SIGSTOP); err != nil {
				return err
			}
			end := time.Now().Add(5 * time.Second)
			if err := c.Await(in, "DOWN"); err != nil {
				return err
			}
			time.Sleep(time.Until(end))
			if err := in.Signal(syscall.SIGCONT); err != nil {
				return err
			}
			if err := c.Await(in, "UP"); err != nil {
				return err
			}
			load.Await(some)
		}
		t.Logf("%d pauses of 5 s", pauses)
		return nil
	})
}
