package systemtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, and root the module's directory.
var binary, root string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" {
		if err := curl(os.Args[1:]); err != nil {
			os.Exit(7) // without a word, as with -s
		}
		return
	}
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "videotoken-systemtest-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "videotoken")
	if root, err = filepath.Abs("../.."); err != nil {
		panic(err)
	}
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(string(out))
	}
	return m.Run()
}

// source returns the text of a file of the repository.
func source(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// process is a running service.
type process struct {
	cmd         *exec.Cmd
	addr, admin string
	exited      chan error

	mu  sync.Mutex
	log []map[string]any
}

// start runs the service on free ports and waits until it serves: the demonstration, where args
// name no configuration. It ends with the test.
func start(tb testing.TB, args ...string) *process {
	tb.Helper()
	if !slices.Contains(args, "-config") {
		args = append([]string{"-demo"}, args...)
	}
	return launch(tb, exec.Command(binary,
		append([]string{"-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, args...)...), 1)
}

// launch runs a command that becomes the service, and waits until it serves on as many sockets.
func launch(tb testing.TB, cmd *exec.Cmd, sockets int) *process {
	tb.Helper()
	p := &process{exited: make(chan error, 1), cmd: cmd}
	cmd.Env = append(append(os.Environ(), "VIDEOTOKEN_CONFIG="), cmd.Env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var record map[string]any
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				record = map[string]any{"msg": "NOT JSON: " + lines.Text()}
			}
			p.mu.Lock()
			p.log = append(p.log, record)
			p.mu.Unlock()
			switch record["msg"] {
			case "admin endpoints":
				p.admin = record["address"].(string)
			case "serving":
				p.addr = record["address"].(string)
				if sockets--; sockets == 0 {
					close(ready)
				}
			}
		}
		p.exited <- p.cmd.Wait()
	}()
	select {
	case <-ready:
	case err := <-p.exited:
		tb.Fatalf("it ended: %v, %v", err, p.messages())
	case <-time.After(10 * time.Second):
		tb.Fatal("it does not serve")
	}
	tb.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// messages returns what was logged so far: level and message.
func (p *process) messages() (m []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, record := range p.log {
		m = append(m, fmt.Sprintf("%v %v", record["level"], record["msg"]))
	}
	return m
}

// await waits until a message is logged.
func (p *process) await(tb testing.TB, message string) {
	tb.Helper()
	for until := time.Now().Add(10 * time.Second); !slices.Contains(p.messages(),
		message); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			tb.Fatalf("%q is not logged: %q", message, p.messages())
		}
	}
}

// wait waits for the process to end, and returns its exit status.
func (p *process) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(15 * time.Second):
		tb.Fatal("it does not end")
		return 0
	}
}

func (p *process) signal(tb testing.TB, s syscall.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		tb.Fatal(err)
	}
}

func get(tb testing.TB, url string) string {
	tb.Helper()
	res, err := http.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		tb.Fatalf("%s: %d %s, %v", url, res.StatusCode, b, err)
	}
	return string(b)
}

// freePort is an address to listen on.
func freePort(tb testing.TB) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// command runs the program to its end.
func command(tb testing.TB, args ...string) (stdout, stderr string, status int) {
	tb.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "VIDEOTOKEN_CONFIG=")
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// configure writes a configuration of two CDNs, which ends at once when it is told to, and the
// lines of more.
func configure(tb testing.TB, more ...string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "videotoken.yaml")
	var b strings.Builder
	if b.WriteString(strings.Join(append(more, ""), "\n")); len(more) == 0 {
		b.WriteString("drain: 0s\n")
	}
	b.WriteString("cdns:\n")
	for _, id := range []string{"7", "8"} {
		key, _, status := command(tb, "keygen", "-id", id)
		if status != 0 {
			tb.Fatalf("keygen: status %d", status)
		}
		b.WriteString("  - name: aws-" + id + "\n    url: https://d" + id +
			".cloudfront.net\n    keys:\n      " + key)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}
