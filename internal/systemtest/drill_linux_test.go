package systemtest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is what a drill runs on: a folder in place of the root, an address of its own in place of
// localhost, and a running service.
type machine struct {
	dir, addr string
	p         *process
	paths     *strings.Replacer // from the page to the machine
	back      *strings.Replacer
}

// newMachine starts the service with a configuration. With a small disk, /var/lib/videotoken is one
// of 64 KiB, in a namespace of the service's own.
func newMachine(t *testing.T, n int, configuration string, smallDisk bool) *machine {
	t.Helper()
	m := &machine{dir: t.TempDir(),
		addr: fmt.Sprintf("127.%d.%d.%d", 100+n, os.Getpid()>>8&255, os.Getpid()&255)}
	etc, state, bin := filepath.Join(m.dir, "etc"), filepath.Join(m.dir, "state"),
		filepath.Join(m.dir, "bin")
	for _, dir := range []string{etc, state, bin} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"videotoken", "videotoken.previous"} {
		if err := os.Symlink(binary, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, id := range map[string]string{"aws-1-7": "7", "own-9": "9"} {
		key, errs, status := command(t, "keygen", "-id", id, "-secret-only")
		if status != 0 {
			t.Fatal(errs)
		}
		put(t, filepath.Join(etc, name), key)
	}
	file := filepath.Join(etc, "videotoken.yaml")
	put(t, file,
		strings.NewReplacer("127.0.0.1", m.addr, "/var/lib/videotoken", state).Replace(configuration))
	cmd := exec.Command(filepath.Join(bin, "videotoken"), "-config", file)
	if smallDisk {
		cmd = exec.Command("sh", "-c", `mount -t tmpfs -o size=64k none "$1" && exec "$0" -config "$2"`,
			binary, state, file)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
	}
	m.p = launch(t, cmd, 1)
	if smallDisk {
		state = fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, state) // as the service sees it
		m.fill(t, state)
	}
	words := []string{"/etc/videotoken", etc, "/var/lib/videotoken", state, "/usr/local/bin", bin,
		"localhost", m.addr}
	m.paths = strings.NewReplacer(words...)
	for i := 0; i < len(words); i += 2 {
		words[i], words[i+1] = words[i+1], words[i]
	}
	m.back = strings.NewReplacer(words...)
	return m
}

// fill fills the disk until no session can be revoked any more.
func (m *machine) fill(t *testing.T, state string) {
	t.Helper()
	file, err := os.Create(filepath.Join(state, "core.1234"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 1024))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	for i := 0; ; i++ { // there is room in the file's last page
		status, answer := admin(t, m.p, "/revoke", fmt.Sprintf(`{"session":"%016x"}`, i+1))
		if status == http.StatusServiceUnavailable {
			return
		}
		if status != 200 || i > 1000 {
			t.Fatalf("revoking on a full disk: %d %s", status, answer)
		}
	}
}

// run runs a transcript in one shell, and compares what it prints.
func (m *machine) run(t *testing.T, c transcript) {
	t.Helper()
	// A file, for a program in the background holds the output open. A drill that waits for what never
	// comes is ended.
	output := filepath.Join(m.dir, "output")
	file, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command("sh", "-c", m.paths.Replace(c.script))
	cmd.Stdout, cmd.Stderr = file, file
	cmd.Env = append(os.Environ(), "VIDEOTOKEN_CONFIG=", fmt.Sprintf("PID=%d", m.p.cmd.Process.Pid),
		"PATH="+filepath.Join(m.dir, "bin")+":"+withCurl(t)+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // for what it leaves in the background
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	late := time.AfterFunc(time.Minute, end)
	err = cmd.Wait()
	late.Stop()
	end()
	if err != nil {
		t.Errorf("the shell: %v", err)
	}
	out, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.back.Replace(string(out)); !c.matches(got) {
		t.Errorf("the commands print\n%s\nand the page says\n%s", got, c.want)
	}
}

// TestDrills runs the commands of each drill as they stand in docs/operate.md, on a machine of its
// own, and compares what they print with what the page says.
func TestDrills(t *testing.T) {
	drills, found := sections(page(t), "##")["Drills"]
	first, _, _ := strings.Cut(drills, "\n### ")
	configurations, preamble := blocks(first, "yaml"), blocks(first, "console")
	if !found || len(configurations) != 1 || len(preamble) != 1 {
		t.Fatalf("the page has %d configurations, and %d blocks to paste first", len(configurations),
			len(preamble))
	}
	all := sections(drills, "###")
	if len(all) < 11 {
		t.Errorf("only %d drills", len(all))
	}
	n := 0
	for title, text := range all {
		n++
		t.Run(title, func(t *testing.T) {
			var c transcript
			for _, block := range append(preamble[:1:1], blocks(text, "console")...) {
				c.read(block)
			}
			if strings.Count(c.script, "\n") < 12 {
				t.Fatal("the drill has lost its commands")
			}
			newMachine(t, n, configurations[0], title == "A full disk").run(t, c)
		})
	}
}
