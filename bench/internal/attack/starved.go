package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// starved has the attacked instance run out of something, beside an identical instance.
type starved struct {
	name             string
	attack           Flood
	attacked, beside subject.Command
	// begun is called once, before the first round. It may be nil.
	begun func(attacked *subject.Process) error
	// late has the attack begin after the well-behaved clients: there is no room for them later.
	late bool
}

// starve runs the rounds with fresh processes and judges them by the bounds of a contest.
func (s *Site) starve(ctx context.Context, c starved) error {
	attacked, err := subject.Start(ctx, c.attacked)
	if err != nil {
		return err
	}
	defer attacked.Stop()
	beside, err := subject.Start(ctx, c.beside)
	if err != nil {
		return err
	}
	defer beside.Stop()
	if c.begun != nil {
		if err := c.begun(attacked); err != nil {
			return err
		}
	}
	c.attack.URL = attacked.URL
	var rounds []round
	for i := range s.Rounds {
		r, err := s.starveOnce(ctx, c, attacked, beside)
		if err != nil {
			return fmt.Errorf("%s: round %d: %w", c.name, i+1, err)
		}
		rounds = append(rounds, r)
	}
	s.judge(contest{name: c.name, attack: c.attack, p50: 3, p99: 10}, rounds)
	return nil
}

func (s *Site) starveOnce(ctx context.Context, c starved, attacked, beside *subject.Process) (r round, err error) {
	if r.rest, _, err = s.goodAtBoth(ctx, attacked, beside, s.Rest); err != nil {
		return r, err
	}
	well := func() (err error) {
		r.attacked, r.beside, err = s.goodAtBoth(ctx, attacked, beside, s.Duration)
		return err
	}
	if !c.late {
		r.hostile, err = s.under(ctx, c.attack, attacked, well)
		return r, err
	}
	var good sync.WaitGroup
	var errGood error
	good.Go(func() { errGood = well() })
	time.Sleep(warmedUp) // their connections are open and busy
	r.hostile, err = s.under(ctx, c.attack, attacked, func() error { good.Wait(); return errGood })
	good.Wait()
	return r, errors.Join(err, errGood)
}

// warmedUp is for how long well-behaved clients ask before a late attack.
const warmedUp = 200 * time.Millisecond

// withLines returns the command that starts an instance with more lines in its configuration.
func (s *Site) withLines(dir, name, lines string) (subject.Command, error) {
	b, err := os.ReadFile(s.Service.Config)
	if err != nil {
		return subject.Command{}, err
	}
	file := filepath.Join(dir, name+".yaml")
	service := measure.Service{Config: file}
	return service.Command(s.Binary), os.WriteFile(file, append([]byte(lines), b...), 0o600)
}

// scarceDescriptors has more connections than the attacked instance may have, while well-behaved
// clients have theirs already.
func (s *Site) scarceDescriptors(ctx context.Context) error {
	limited := s.Service.Command(s.Binary)
	limited.Args = append([]string{"/bin/sh", "-c", `ulimit -n "$0" && exec "$@"`,
		fmt.Sprint(s.Descriptors)}, limited.Args...)
	return s.starve(ctx, starved{name: fmt.Sprintf("%d idle connections, %d descriptors", 2*s.Descriptors, s.Descriptors),
		attack:   Flood{Manner: Idle, Connections: 2 * s.Descriptors, Request: []byte(notFound)},
		attacked: limited, beside: limited, late: true})
}

// scarceMemory has more unfinished requests than the attacked instance may hold.
func (s *Site) scarceMemory(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bench-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	command, err := s.withLines(dir, "service", "limits: {memory: 1MiB}\n")
	if err != nil {
		return err
	}
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\n%s\r\nContent-Length: 65536\r\n\r\n{",
		measure.Path, measure.JSON)
	request = append(request, make([]byte, 8<<10)...)
	n := affordable(s.Held)
	return s.starve(ctx, starved{name: fmt.Sprintf("%d unfinished bodies of 8 KiB, 1 MiB for them", n),
		attack:   Flood{Manner: Drip, Connections: n, Request: request},
		attacked: command, beside: command})
}

// fullDisk fills the disk that has the attacked instance's log, in which each request has a line, and
// its revoked sessions.
func (s *Site) fullDisk(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bench-disk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		return err
	}
	command, err := s.withLines(dir, "service",
		fmt.Sprintf("access_log: {sample: 1}\nrevocations: {file: %q}\n", filepath.Join(disk, "revoked")))
	if err != nil {
		return err
	}
	command.Args = append([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size=64m none "$0" && exec "$@" 2>"$0/log"`, disk}, command.Args...)
	return s.starve(ctx, starved{name: "a full disk, and clients that come and go",
		attack:   Flood{Manner: Churn, Connections: churners, Request: []byte(notFoundOnce)},
		attacked: command, beside: command,
		begun: func(p *subject.Process) error {
			return fill(fmt.Sprintf("/proc/%d/root%s/core", p.PID(), disk))
		}})
}

// fill writes a file until its disk is full.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for b := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(b)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}
