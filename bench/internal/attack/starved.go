package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

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
	return s.contest(ctx, contest{
		name:    fmt.Sprintf("%d idle connections, %d descriptors", 2*s.Descriptors, s.Descriptors),
		attack:  Flood{Manner: Idle, Connections: 2 * s.Descriptors, Request: []byte(notFound)},
		command: limited, late: true, p50: 3, p99: 10})
}

// scarce is how many unfinished bodies of 40 KiB there is memory for, and scarceLimits the line of
// the configuration that says so, the least that it may say: each counts as 64 KiB, for there is a
// stack and a reader for it, too.
const (
	scarce       = 16
	scarceLimits = "limits: {memory: 1MiB}\n"
)

// scarceMemory has twice as many unfinished requests as the attacked instance may hold. Those that
// are given up come again at once, so a new one is accepted for each. With thousands instead, all
// clients wait for the processors that the new connections take, and so they do beside thousands of
// well-behaved clients that connect anew for each request: that says nothing about memory.
func (s *Site) scarceMemory(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bench-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	command, err := s.withLines(dir, "service", scarceLimits)
	if err != nil {
		return err
	}
	request := fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: h\r\n%s\r\nContent-Length: 65536\r\n\r\n{",
		measure.Path, measure.JSON)
	request = append(request, make([]byte, 40<<10)...)
	return s.contest(ctx, contest{
		name:    fmt.Sprintf("%d unfinished bodies of 40 KiB, memory for %d", 2*scarce, scarce),
		attack:  Flood{Manner: Drip, Connections: 2 * scarce, Request: request},
		command: command, p50: 3, p99: 10, refused: true})
}

// fullDisk fills the disk that has the attacked instance's log, in which each request has a line,
// and its revoked sessions.
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
		fmt.Sprintf("access_log: {sample: 1}\nrevocations: {file: %q}\n",
			filepath.Join(disk, "revoked")))
	if err != nil {
		return err
	}
	command.Args = append([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size=64m none "$0" && exec "$@" 2>"$0/log"`, disk}, command.Args...)
	return s.contest(ctx, contest{name: "a full disk, and clients that come and go",
		attack:  Flood{Manner: Churn, Connections: churners, Request: []byte(notFoundOnce)},
		command: command, p50: 3, p99: 10,
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
