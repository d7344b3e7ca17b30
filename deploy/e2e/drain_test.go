package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

// TestDrain restarts three instances in turn, with SIGTERM, while clients ask them without a pause.
// HAProxy sends no request twice, so that each one that an instance drops is a client's error.
func TestDrain(t *testing.T) {
	const stops, instances, clients = 20, 3, 16
	c, err := stack.NewCluster(binary, instances, time.Second)
	stacktest.Close(t, c)
	if err != nil {
		t.Fatal(err)
	}
	var load load
	load.start(c.Addr, clients)
	for i := range stops {
		before := load.failed.Load()
		if err := c.Restart(i % instances); err != nil {
			load.stop()
			t.Fatal(err)
		}
		if n := load.failed.Load() - before; n > 0 {
			t.Errorf("stop %d: %d requests failed", i+1, n)
		}
	}
	load.stop()
	t.Logf("%d stops, %d requests, %d failed", stops, load.sent.Load(), load.failed.Load())
	if load.failed.Load() > 0 || load.sent.Load() == 0 {
		t.Errorf("%d of %d requests failed; the first: %v", load.failed.Load(), load.sent.Load(), load.first.Load())
	}
}

// load is clients that ask until they are told to stop, and what came of it.
type load struct {
	sent, failed atomic.Int64
	first        atomic.Value // the first error
	done         atomic.Bool
	clients      sync.WaitGroup
}

func (l *load) start(addr string, clients int) {
	for range clients {
		l.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for !l.done.Load() {
				l.sent.Add(1)
				if err := signOne(client, addr); err != nil {
					l.failed.Add(1)
					l.first.CompareAndSwap(nil, err.Error())
				}
				time.Sleep(4 * time.Millisecond) // leave the machine to others, too
			}
		})
	}
}

func (l *load) stop() {
	l.done.Store(true)
	l.clients.Wait()
}

// signOne has the service sign a document. net/http sends a POST again only if nothing of it was
// written.
func signOne(client *http.Client, addr string) error {
	res, err := client.Post("http://"+addr+"/video/token", "application/json", strings.NewReader(`{"video":{"sources":[{"src":"/film.mp4"}]}}`))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), "https://films.example/film.mp4?token=") {
		return fmt.Errorf("answered %d %s", res.StatusCode, body)
	}
	return nil
}
