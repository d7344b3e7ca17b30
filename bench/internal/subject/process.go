package subject

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running server.
type Process struct {
	URL   string // of the service, without a path: http://host:port, or unix:/path:
	Admin string // of its admin port, "" if it has none

	socket string // the path of the Unix socket, "" for TCP
	cmd    *exec.Cmd
	log    *tail
	exited chan struct{} // closed when the process has exited
}

// ErrServer is the error of a server that does not start, or exits too early.
var ErrServer = errors.New("the server does not run")

// Command is how to start a server: its arguments, in which {listen} and {admin} are replaced by
// free addresses, and {socket} by unix:/PATH, where the server is to be reached instead. {listen}
// and {admin} are replaced in the environment as well.
type Command struct {
	Args []string
	Env  []string // in addition to the environment of this process
	// Ready is the path that answers 200 when the server is ready; if it is "", any answer counts.
	Ready string
}

// Start starts a server and waits until it is ready. It tries twice, since another process can take
// the port that was found free.
func Start(ctx context.Context, c Command) (*Process, error) {
	p, err := start(ctx, c)
	if err != nil && ctx.Err() == nil {
		p, err = start(ctx, c)
	}
	return p, err
}

func start(ctx context.Context, c Command) (*Process, error) {
	address, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &Process{URL: "http://" + address, log: &tail{}, exited: make(chan struct{})}
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		switch a {
		case "{listen}":
			a = address
		case "{socket}":
			dir, err := os.MkdirTemp("", "bench")
			if err != nil {
				return nil, err
			}
			p.socket = filepath.Join(dir, "s")
			a = "unix:" + p.socket
			p.URL = a + ":"
		case "{admin}":
			a, p.Admin = admin, "http://"+admin
		}
		args[i] = a
	}
	p.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	p.cmd.Env = os.Environ()
	for _, e := range c.Env {
		if strings.Contains(e, "{admin}") {
			p.Admin = "http://" + admin
		}
		p.cmd.Env = append(p.cmd.Env,
			strings.NewReplacer("{listen}", address, "{admin}", admin).Replace(e))
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		p.removeSocket()
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	go func() {
		_ = p.cmd.Wait() // the log says why it exited
		close(p.exited)
	}()
	if err := p.wait(ctx, c.Ready); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%w: %s: %w\n%s", ErrServer, args[0], err, p.log)
	}
	return p, nil
}

// wait polls until the server is ready.
func (p *Process) wait(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	client, url := http.DefaultClient, p.URL
	if p.socket != "" {
		client, url = &http.Client{Transport: &http.Transport{DialContext: p.dialSocket,
			DisableKeepAlives: true}}, "http://localhost"
	}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if path == "" || resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return errors.New("it ended before it was ready; its log says")
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w; its log says", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *Process) dialSocket(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", p.socket)
}

// removeSocket removes the folder of the Unix socket.
func (p *Process) removeSocket() {
	if p.socket != "" {
		_ = os.RemoveAll(filepath.Dir(p.socket))
	}
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive returns nil while the server runs, and else an error with the end of its log.
func (p *Process) Alive() error {
	select {
	case <-p.exited:
		return fmt.Errorf("%w: it ended while it was measured; its log says\n%s", ErrServer, p.log)
	default:
		return nil
	}
}

// Stop stops the server with SIGTERM. A second one ends this service, which drains after the first;
// after five seconds the server is killed. Stop does not send SIGINT, which processes that a shell
// starts in the background ignore.
func (p *Process) Stop() {
	defer p.removeSocket()
	for _, patience := range []time.Duration{100 * time.Millisecond, 5 * time.Second} {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have exited already
		select {
		case <-p.exited:
			return
		case <-time.After(patience):
		}
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("no free port on 127.0.0.1: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// tail keeps the end of a log.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - 4096; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
