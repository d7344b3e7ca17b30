package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

const (
	// refusedWithin bounds how long a connection over the limit waits for its 503.
	refusedWithin = 100 * time.Millisecond
	// idleFor is how long a connection must be idle before it makes room for a new one.
	idleFor = time.Second
)

// descriptors opens more connections than the service may have descriptors.
func (s *Site) descriptors(ctx context.Context) error {
	for _, f := range []func(context.Context, *subject.Process) error{s.tooMany, s.makeRoom} {
		if err := s.limited(ctx, f); err != nil {
			return err
		}
		fmt.Fprintln(s.Out)
	}
	return nil
}

// limited calls attack with a fresh instance that has few descriptors, and asks the admin port
// throughout.
func (s *Site) limited(ctx context.Context,
	attack func(context.Context, *subject.Process) error) error {
	command := s.Service.Command(s.Binary)
	command.Args = append([]string{"/bin/sh", "-c", `ulimit -n "$0" && exec "$@"`,
		fmt.Sprint(s.Descriptors)}, command.Args...)
	p, err := subject.Start(ctx, command)
	if err != nil {
		return err
	}
	defer p.Stop()
	r, err := s.probe(ctx, p)
	if err != nil {
		return err
	}
	r.probes[0].ignored = true // over the limit a well-behaved client may be refused, too
	err = attack(ctx, p)
	s.finish(r, "throughout")
	return errors.Join(err, p.Alive())
}

// tooMany holds more unfinished requests than there are descriptors. None of them is idle, so that
// none can make room.
func (s *Site) tooMany(ctx context.Context, p *subject.Process) error {
	n := 2 * s.Descriptors
	unfinished := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\nX-Slow: ", measure.Path)
	var mu sync.Mutex
	var all sync.WaitGroup
	var c crowd
	var refused, cut, held int
	var slowest time.Duration
	for range n { // one after another: which of them is over the limit is then plain
		conn, err := dial(ctx, p)
		if err != nil {
			return err
		}
		began := time.Now()
		_, _ = conn.Write(unfinished) // a refused connection may be closed already: the read tells
		c = append(c, conn)
		all.Go(func() {
			_ = conn.SetReadDeadline(began.Add(patience))
			head := make([]byte, 64)
			n, err := conn.Read(head)
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			var timeout net.Error
			switch {
			case bytes.HasPrefix(head[:n], []byte("HTTP/1.1 503 ")):
				refused++
				slowest = max(slowest, took)
			case errors.As(err, &timeout) && timeout.Timeout():
				held++
			default:
				cut++
			}
		})
	}
	all.Wait()
	s.bound(held < s.Descriptors && held > 0 && cut == 0,
		"%d unfinished requests, %d descriptors: %d held, %d answered 503, %d closed without an "+
			"answer; fewer held than descriptors, none unanswered",
		n, s.Descriptors, held, refused, cut)
	s.bound(refused > 0 && slowest <= refusedWithin, "the slowest 503 took %v; at most %v",
		slowest.Round(10*time.Microsecond), refusedWithin)
	c.close()
	return s.recovered(ctx, p)
}

// recovered checks that well-behaved requests are answered after the attack.
func (s *Site) recovered(ctx context.Context, p *subject.Process) error {
	t, err := s.signing(p)
	if err != nil {
		return err
	}
	began := time.Now()
	for time.Since(began) < patience && !answers(ctx, t) {
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(began)
	failed := 0
	for range 20 {
		if !answers(ctx, t) {
			failed++
		}
	}
	s.bound(failed == 0, "afterwards: the first right answer after %v; of 20 requests that "+
		"follow %d failed", took.Round(time.Millisecond), failed)
	return nil
}

func answers(ctx context.Context, t *load.Target) bool {
	answer, err := ask(ctx, t)
	return err == nil && bytes.HasPrefix(answer, []byte("HTTP/1.1 200 "))
}

// makeRoom fills the service with connections that were answered once and are idle, and then has
// well-behaved clients come.
func (s *Site) makeRoom(ctx context.Context, p *subject.Process) error {
	t, err := s.signing(p)
	if err != nil {
		return err
	}
	idle, err := gather(ctx, p, 2*s.Descriptors, t.Request)
	defer idle.close()
	if len(idle) < s.Descriptors {
		return fmt.Errorf("only %d connections could be opened: %w", len(idle), err)
	}
	select {
	case <-time.After(idleFor + idleFor/2): // so long they must be idle
	case <-ctx.Done():
		return ctx.Err()
	}
	const newcomers = 50
	tried, failed := 0, 0
	for began := time.Now(); tried < newcomers && time.Since(began) < 3*patience; tried++ {
		if !answers(ctx, t) {
			failed++
		}
	}
	s.bound(failed == 0 && tried == newcomers, "%d connections idle for over %v: of %d new "+
		"clients %d failed and %d had no time to try; idle ones must make room",
		len(idle), idleFor, newcomers, failed, newcomers-tried)
	return nil
}
