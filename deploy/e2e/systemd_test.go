package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// TestUnits has systemd check the units as they are, and rate how much the service may do: 0 is
// nothing, 10 everything.
func TestUnits(t *testing.T) {
	service, socket := filepath.Join(root, "deploy/systemd/videotoken.service"),
		filepath.Join(root, "deploy/systemd/videotoken.socket")
	// systemd looks for the program where the unit says. Nobody but this command sees it there.
	const script = `mount --bind "$0" /usr/local/bin && exec systemd-analyze verify "$@"`
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", script,
		filepath.Dir(binary), service, socket)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold=20",
		"--no-pager", service).CombinedOutput()
	level := regexp.MustCompile(`Overall exposure level for .*: ([\d.]+) `).FindSubmatch(out)
	if err != nil || level == nil {
		t.Fatalf("systemd-analyze security: %v\n%s", err, out)
	}
	t.Logf("exposure level %s", level[1])
}

// setting returns the values of a setting of a unit.
func setting(t *testing.T, unit, name string) (values []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(
		readFile(t, "deploy/systemd/"+unit), -1) {
		values = append(values, m[1])
	}
	if len(values) == 0 {
		t.Fatalf("%s has no %s", unit, name)
	}
	return values
}

// unit is the service as its unit has it, with what systemd prepares in a folder of the test.
type unit struct {
	dir, addr string
	socket    *os.File
	argv      []string
}

// newUnit makes the socket, the credential and the state of the service, and a configuration that
// names them.
func newUnit(t *testing.T) *unit {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	u := &unit{dir: t.TempDir(), addr: ln.Addr().String()}
	if u.socket, err = ln.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.socket.Close() })
	key := setting(t, "videotoken.service", "LoadCredential")[0]
	id, _, _ := strings.Cut(key, ":")
	write(t, filepath.Join(u.dir, id+"_own"),
		token.FormatSecret([]byte("0123456789abcdef0123456789abcdef")))
	config := filepath.Join(u.dir, "videotoken.yaml")
	write(t, config, fmt.Sprintf("listen: \"192.0.2.1:80\"\nadmin: \"127.0.0.1:0\"\ndrain: 1s\n"+
		"revocations: {file: %q}\n"+
		"cdns: [{name: own, url: \"https://films.example\", keys: [{id: 1, secret_file: %q}]}]\n",
		filepath.Join(u.dir, setting(t, "videotoken.service", "StateDirectory")[0]),
		filepath.Join(u.dir, id+"_own")))
	start := setting(t, "videotoken.service", "ExecStart")[0]
	here := strings.NewReplacer("/usr/local/bin/videotoken", binary, "/etc/videotoken/videotoken.yaml",
		config).Replace(start)
	if u.argv = strings.Fields(here); len(u.argv) != 3 || u.argv[0] != binary || u.argv[2] != config {
		t.Fatalf("ExecStart=%s", start)
	}
	return u
}

// start starts the service with the unit's socket, in the place of a program that takes the
// service's command line as arguments.
func (u *unit) start(t *testing.T, under ...string) *stack.Program {
	t.Helper()
	name := setting(t, "videotoken.socket", "FileDescriptorName")[0]
	p, err := stack.Activate(u.dir, "videotoken", u.socket, name, append(under, u.argv...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// TestSocketRestart restarts the service as systemd does: the old process has ended before the new
// one starts, and the socket stays. No request fails: those in between wait in the socket.
func TestSocketRestart(t *testing.T) {
	const restarts, clients = 10, 8
	u := newUnit(t)
	p := u.start(t)
	var load stack.Load
	load.Start(clients, stack.Signing(u.addr))
	for range restarts {
		before := load.Sent.Load()
		await(t, func() error {
			if load.Sent.Load() < before+2*clients { // each client had an answer from this process
				return fmt.Errorf("no requests are answered:\n%s", p.Tail())
			}
			return nil
		})
		if err := p.Terminate(); err != nil {
			load.Stop()
			t.Fatal(err)
		}
		p = u.start(t)
	}
	load.Stop()
	t.Logf("%d restarts, %v", restarts, &load)
	if load.Failed.Load() > 0 {
		t.Error(&load)
	}
}

// await calls ready until it returns nil.
func await(t *testing.T, ready func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestSandbox follows the service from its start to its end, and finds nothing that the unit
// forbids: no system call, no kind of socket, and no memory that is written and executed.
func TestSandbox(t *testing.T) {
	u := newUnit(t)
	trace := filepath.Join(t.TempDir(), "trace")
	p := u.start(t, "strace", "-D", "-f", "-q", "-o", trace) // -D: the service keeps its process id
	await(t, func() error { return stack.Signing(u.addr)(http.DefaultClient) })
	config := u.argv[2]
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, string(b)+"client_address: x-forwarded-for\n") // it is read again
	await(t, func() error {
		if !strings.Contains(string(p.Tail()), "configuration read again") {
			return fmt.Errorf("the configuration is not read again:\n%s", p.Tail())
		}
		return nil
	})
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	end := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited with 0`, p.PID()))
	await(t, func() error {
		if b, err = os.ReadFile(trace); err == nil && !end.Match(b) {
			err = errors.New("the trace has no end")
		}
		return err
	})
	calls := map[string]bool{}
	for _, m := range regexp.MustCompile(
		`(?m)^\d+ +(?:<... )?([a-z][a-z0-9_]*)(?:\(| resumed)`).FindAllStringSubmatch(string(b), -1) {
		calls[m[1]] = true
	}
	for _, name := range []string{"accept4", "epoll_pwait", "openat", "write", "inotify_add_watch",
		"flock", "exit_group"} {
		if !calls[name] {
			t.Errorf("the trace has no %s", name)
		}
	}
	allowed := map[string]bool{}
	for _, filter := range setting(t, "videotoken.service", "SystemCallFilter") {
		sets, denies := strings.CutPrefix(filter, "~")
		for _, set := range strings.Fields(sets) {
			expand(t, set, allowed, !denies)
		}
	}
	expand(t, "@default", allowed, true) // whatever the unit says
	for name := range calls {
		if !allowed[name] {
			t.Errorf("the unit does not allow %s", name)
		}
	}
	families := strings.Fields(setting(t, "videotoken.service", "RestrictAddressFamilies")[0])
	sockets := regexp.MustCompile(`\bsocket\((AF_\w+)`).FindAllStringSubmatch(string(b), -1)
	if len(sockets) == 0 {
		t.Error("the trace has no socket") // that of the admin endpoints
	}
	for _, m := range sockets {
		if !slices.Contains(families, m[1]) {
			t.Errorf("the unit does not allow a socket of %s", m[1])
		}
	}
	if m := regexp.MustCompile(`.*(PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC).*`).Find(b); m != nil {
		t.Errorf("MemoryDenyWriteExecute forbids %s", m)
	}
	t.Logf("%d different system calls", len(calls))
}

// expand adds the system calls of a set to others, or removes them.
func expand(t *testing.T, set string, calls map[string]bool, allow bool) {
	t.Helper()
	if !strings.HasPrefix(set, "@") {
		calls[set] = allow
		return
	}
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", set).Output()
	members := strings.Fields(regexp.MustCompile(`(?m)^@.*$|^ *#.*$`).ReplaceAllString(string(out),
		""))
	if err != nil || len(members) == 0 {
		t.Fatal(errors.Join(err, fmt.Errorf("%s is empty", set)))
	}
	for _, member := range members {
		expand(t, member, calls, allow)
	}
}
