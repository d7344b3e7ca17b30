package systemtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"videotoken/internal/logqueue/logtest"
)

// startUnread starts the service with a log that nobody reads, and waits until it answers. Of the
// descriptors it has no more than the given number.
func startUnread(t *testing.T, stderr *os.File, descriptors int,
	args ...string) (addr string, cmd *exec.Cmd, exited chan error) {
	t.Helper()
	addr = freePort(t)
	script := fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, descriptors)
	cmd = exec.Command("sh",
		append([]string{"-c", script, binary, "-demo", "-listen", addr}, args...)...)
	cmd.Env = append(os.Environ(), "VIDEOTOKEN_CONFIG=")
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	exited = make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(until) {
			t.Fatal("it does not listen: the log makes it wait")
		}
	}
	postSeed(t, addr)
	return addr, cmd, exited
}

func endsWell(t *testing.T, cmd *exec.Cmd, exited chan error) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-exited:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end: the log makes it wait")
	}
}

// TestLogUnread: with a log that nobody reads the service starts, serves, and ends when it is told
// to.
func TestLogUnread(t *testing.T) {
	_, w := logtest.FullPipe(t)
	_, cmd, exited := startUnread(t, w, 1024, "-admin", "off")
	endsWell(t, cmd, exited)
}

// TestLogReadLate: what was logged while nobody read is there once somebody does.
func TestLogReadLate(t *testing.T) {
	r, w := logtest.FullPipe(t)
	_, cmd, exited := startUnread(t, w, 1024, "-admin", "off")
	got := logtest.ReadLate(t, r, w, func() { endsWell(t, cmd, exited) })
	if !strings.Contains(got, `"msg":"serving"`) || !strings.HasSuffix(got, `"msg":"stopped"}`+"\n") {
		t.Errorf("logged %q", got)
	}
}

// TestLogUnreadAndDescriptors: a service without descriptors logs that it cannot accept. With a log
// that nobody reads it accepts again as soon as there are descriptors.
func TestLogUnreadAndDescriptors(t *testing.T) {
	const descriptors = 64
	for _, transport := range []string{"auto", "fasthttp"} {
		t.Run(transport, func(t *testing.T) {
			_, w := logtest.FullPipe(t)
			addr, cmd, exited := startUnread(t, w, descriptors, "-admin", "off", "-transport", transport)
			for range 3 {
				conns := connect(t, addr, 2*descriptors) // the kernel takes them, up to its backlog
				for _, c := range conns {
					_ = c.Close()
				}
				postSeed(t, addr)
			}
			endsWell(t, cmd, exited)
		})
	}
}

// TestLogReaderGone: when the reader of the log goes away, the service goes on, and still ends when
// it is told to.
func TestLogReaderGone(t *testing.T) {
	r, w := logtest.FullPipe(t)
	addr, cmd, exited := startUnread(t, w, 1024, "-admin", "off")
	_, _ = w.Close(), r.Close()
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil { // which it logs
		t.Fatal(err)
	}
	postSeed(t, addr)
	endsWell(t, cmd, exited)
}
