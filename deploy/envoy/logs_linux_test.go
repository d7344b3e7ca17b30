package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"videotoken/internal/logqueue/logtest"
	"videotoken/token"
)

// asProgram names the variable that has the test's binary be the program.
const asProgram = "VIDEOTOKEN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// testProcess is the program in a process of its own.
type testProcess struct {
	testProgram
	cmd *exec.Cmd
}

// launch starts the program with a log, and waits until it listens.
func launch(t *testing.T, stderr *os.File, configuration string) *testProcess {
	t.Helper()
	p := &testProcess{testProgram: testProgram{dir: t.TempDir(), ended: make(chan error, 1)}}
	p.write(t, configuration)
	socket := filepath.Join(p.dir, "s")
	p.cmd = exec.Command(os.Args[0], "-config", filepath.Join(p.dir, "videotoken.yaml"),
		"-listen", "unix:"+socket)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() { p.ended <- p.cmd.Wait() }()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(until) {
			t.Fatal("it does not listen: the log makes it wait")
		}
	}
	p.conn = dial(t, "unix", socket)
	p.client = auth.NewAuthorizationClient(p.conn)
	return p
}

func (p *testProcess) endsWell(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end: the log makes it wait")
	}
}

const atOnce = "drain: 0s\n"

// TestLogUnread: with a log that nobody reads the program starts, answers, reads its configuration
// again, and ends when it is told to.
func TestLogUnread(t *testing.T) {
	one, first := fresh(t, 1, token.Claims{})
	two, second := fresh(t, 2, token.Claims{})
	_, w := logtest.FullPipe(t)
	p := launch(t, w, one+atOnce)
	p.awaitStatus(t, first, 200)
	p.write(t, two+atOnce)
	p.awaitStatus(t, second, 200)
	p.endsWell(t)
}

// TestLogReadLate: what was logged while nobody read is there once somebody does.
func TestLogReadLate(t *testing.T) {
	one, first := fresh(t, 1, token.Claims{})
	r, w := logtest.FullPipe(t)
	p := launch(t, w, one+atOnce)
	p.awaitStatus(t, first, 200)
	got := logtest.ReadLate(t, r, w, func() { p.endsWell(t) })
	if !strings.Contains(got, `"msg":"serving"`) ||
		!strings.HasSuffix(got, `"msg":"stopped"}`+"\n") {
		t.Errorf("logged %q", got)
	}
}

// TestLogReaderGone: when the reader of the log goes away, the program goes on, and still ends when
// it is told to.
func TestLogReaderGone(t *testing.T) {
	one, first := fresh(t, 1, token.Claims{})
	two, second := fresh(t, 2, token.Claims{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, w, one+atOnce)
	_, _ = w.Close(), r.Close()
	p.awaitStatus(t, first, 200)
	p.write(t, two+atOnce) // which it logs
	p.awaitStatus(t, second, 200)
	p.endsWell(t)
}
