// Package redistest runs a Redis of its own for a test. deploy/e2e/install.sh installs
// redis-server.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"
)

// Server is a Redis on a Unix socket.
type Server struct {
	dir string
	cmd *exec.Cmd
}

// Start starts a Redis that keeps nothing on the disk, unless args say so, and ends with the test.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := &Server{dir: tb.TempDir()}
	s.Restart(tb, args...)
	tb.Cleanup(s.Kill)
	return s
}

func (s *Server) socket() string { return filepath.Join(s.dir, "s") }

// URL is where the Redis is.
func (s *Server) URL() string { return "unix://" + s.socket() }

// Restart starts the Redis again, in the folder that it had before, and waits until it listens.
func (s *Server) Restart(tb testing.TB, args ...string) {
	tb.Helper()
	s.cmd = exec.Command("redis-server",
		append([]string{"--port", "0", "--unixsocket", s.socket(), "--dir", s.dir, "--save", ""},
			args...)...)
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err, ": sh deploy/e2e/install.sh installs it")
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("unix", s.socket())
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			tb.Fatal("Redis does not listen: ", err)
		}
	}
}

// Kill kills the Redis.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Signal sends the Redis a signal.
func (s *Server) Signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
}

// Do sends a command, and returns the answer as text.
func (s *Server) Do(tb testing.TB, command ...string) string {
	tb.Helper()
	option, err := valkey.ParseURL(s.URL())
	if err != nil {
		tb.Fatal(err)
	}
	option.DisableCache = true
	c, err := valkey.NewClient(option)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	v, err :=
		c.Do(context.Background(), c.B().Arbitrary(command[0]).Args(command[1:]...).Build()).ToAny()
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprint(v)
}
