package stack

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Program is a running program in its own process group, and its output.
type Program struct {
	Name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it ended
}

// Start runs argv in dir with its output in dir/name.log.
func Start(dir, name string, env []string, argv ...string) (*Program, error) {
	return launch(dir, name, env, nil, argv)
}

// Activate starts argv as systemd does for a socket that has the name fdName: the program inherits
// it, and the caller keeps it.
func Activate(dir, name string, socket *os.File, fdName string, argv ...string) (*Program, error) {
	// systemd knows the id of the process that it makes; here the process itself says it.
	argv = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`}, argv...)
	return launch(dir, name, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=" + fdName},
		[]*os.File{socket}, argv)
}

// launch starts a program that inherits files, from descriptor 3 on.
func launch(dir, name string, env []string, files []*os.File, argv []string) (*Program, error) {
	p := &Program{Name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = log, log, files
	// If the tests are killed, their programs get SIGTERM. nginx's master then ends its workers.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the id of the program's process.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Signal sends the program a signal.
func (p *Program) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Stop ends the program and everything it started.
func (p *Program) Stop() {
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Terminate sends SIGTERM and waits until the program ended by itself, with status 0.
func (p *Program) Terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		return fmt.Errorf("%s does not end; its output:\n%s", p.Name, p.Tail())
	}
	if status := p.cmd.ProcessState.ExitCode(); status != 0 {
		return fmt.Errorf("%s ended with status %d; its output:\n%s", p.Name, status, p.Tail())
	}
	return nil
}

// awaitListener waits until the program accepts connections.
func (p *Program) awaitListener(addr string) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended; its output:\n%s", p.Name, p.Tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not listen on %s; its output:\n%s", p.Name, addr, p.Tail())
}

// Tail returns the end of the program's output.
func (p *Program) Tail() []byte {
	b, err := os.ReadFile(p.log)
	if errors.Is(err, os.ErrNotExist) || len(b) == 0 {
		return []byte("(nothing)")
	}
	const lines = 30
	at := len(b)
	for n := 0; n <= lines && at > 0; n++ {
		at = bytes.LastIndexByte(b[:at], '\n')
	}
	return b[at+1:]
}
