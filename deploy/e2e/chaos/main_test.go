// Package chaos breaks instances of the service, and what they lean on, while clients ask them
// without a pause, and counts the requests that fail. It needs the Debian packages haproxy, redis
// and prometheus.
package chaos

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

var (
	root   string // of the repository
	binary string // the service

	long = flag.Bool("long", false, "the long form of each test: make chaos")
)

func TestMain(m *testing.M) { os.Exit(stacktest.Main(m, "../../..", &root, &binary)) }

// pick returns the first of two numbers, or in the long form the second.
func pick[T any](short, longer T) T {
	if *long {
		return longer
	}
	return short
}

// clients is how many ask at once.
const clients = 16

// some is so many requests that each client had answers to several.
const some = 8 * clients

func newRedis(t *testing.T) *stack.Redis {
	t.Helper()
	r, err := stack.NewRedis()
	stacktest.Close(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newCluster(t *testing.T, opt stack.ClusterOptions) *stack.Cluster {
	t.Helper()
	opt.Root = root
	if opt.Binary == "" {
		opt.Binary = binary
	}
	c, err := stack.NewCluster(opt)
	stacktest.Close(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// buildClock builds the service with a clock that can be set, once for all tests.
var buildClock = sync.OnceValues(func() (string, error) {
	return stack.BuildClock(root, filepath.Dir(binary))
})

func withClock(t *testing.T) string {
	t.Helper()
	b, err := buildClock()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// viewing is the question of a load that has a document signed through HAProxy, and the URL in the
// answer verified, there or at each of the addresses.
func viewing(c *stack.Cluster, at ...string) func(*http.Client) error {
	if len(at) == 0 {
		at = []string{c.Addr}
	}
	return func(client *http.Client) error {
		uri, err := stack.Sign(client, c.Addr, "")
		for _, addr := range at {
			if err != nil {
				return err
			}
			var reason string
			if reason, err = stack.Verify(client, addr, uri); err == nil && reason != "" {
				err = fmt.Errorf("%s refuses with %s", addr, reason)
			}
		}
		return err
	}
}

// under runs what happens to a cluster under load. No request may fail.
func under(t *testing.T, ask func(*http.Client) error, happens func(load *stack.Load) error) {
	t.Helper()
	var load stack.Load
	load.Start(clients, ask)
	load.Await(some)
	err := happens(&load)
	load.Await(some)
	load.Stop()
	if t.Logf("%v", &load); err != nil || load.Failed.Load() > 0 {
		t.Errorf("%v; %v", &load, err)
	}
}

// addresses returns where the instances of a cluster are.
func addresses(c *stack.Cluster) (all []string) {
	for _, in := range c.Instances {
		all = append(all, in.Addr)
	}
	return all
}
