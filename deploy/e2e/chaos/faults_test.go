package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// metric returns a metric of an instance, which has no labels.
func metric(in *stack.Instance, name string) (float64, error) {
	_, page, err := in.Get("/metrics")
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(page)
	if found == nil {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return strconv.ParseFloat(found[1], 64)
}

// awaitMetric waits until a metric is above a value.
func awaitMetric(in *stack.Instance, name string, above float64) error {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		v, err := metric(in, name)
		if err != nil || v > above {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s stays at %v", name, v)
		}
	}
}

const dropped = "videotoken_logs_dropped_total"

// logged is the configuration in which each request has a line in the log.
const logged = "access_log: {sample: 1}\n"

// newPipe makes a pipe with a name, which nobody reads.
func newPipe(t *testing.T) (name string, pipe *os.File) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	return name, pipe
}

// logTo starts a program with its log in a file.
func logTo(file string) []string { return []string{"sh", "-c", `exec "$@" 2>"$0"`, file} }

// TestLogPipe has the log be a pipe that nobody reads until lines are dropped, then reads it, and
// then again nobody does.
func TestLogPipe(t *testing.T) {
	name, pipe := newPipe(t)
	c := newCluster(t, stack.ClusterOptions{Instances: 1, Lines: logged, Under: logTo(name)})
	in := c.Instances[0]
	under(t, viewing(c), func(*stack.Load) error {
		for range pick(1, 10) {
			before, err := metric(in, dropped)
			if err == nil {
				err = awaitMetric(in, dropped, before)
			}
			if err != nil {
				return err
			}
			for read, b := 0, make([]byte, 64<<10); read < 512<<10; { // more than pipe and queue hold
				n, err := pipe.Read(b)
				if err != nil {
					return err
				}
				read += n
			}
		}
		return nil
	})
	n, err := metric(in, dropped)
	t.Logf("%v log lines were dropped, %v", n, err)
}

// onSmallDisk starts a program with a disk of 64 KiB at dir, which it alone sees. The log of the
// program is written to stderr.
func onSmallDisk(dir, stderr string) []string {
	return []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size=64k none "$0" && log=$1 && shift && exec "$@" 2>>"$log"`, dir, stderr}
}

// seen is a path as a program sees it that has disks of its own.
func seen(in *stack.Instance, path string) string {
	return fmt.Sprintf("/proc/%d/root%s", in.PID(), path)
}

// TestLogDisk has the log be a file on a disk that is full.
func TestLogDisk(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	c := newCluster(t, stack.ClusterOptions{Instances: 1, Lines: logged, Under: onSmallDisk(dir, log)})
	in := c.Instances[0]
	under(t, viewing(c), func(load *stack.Load) error {
		if err := awaitMetric(in, dropped, 0); err != nil {
			return err
		}
		load.Await(some)
		info, err := os.Stat(seen(in, log))
		if err == nil {
			t.Logf("the log has %d bytes", info.Size())
		}
		return err
	})
}

// TestDisk fills the disk that has the file of revoked sessions: revoking is refused, what is
// revoked stays so, and with room again revoking goes on.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	c := newCluster(t, stack.ClusterOptions{Instances: 1, Under: onSmallDisk(dir, "/dev/stderr"),
		Lines: fmt.Sprintf("revocations: {file: %q}\n", filepath.Join(dir, "revoked"))})
	in := c.Instances[0]
	uri, err := signSession(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := revoke(in, 1); err != nil || status != http.StatusOK {
		t.Fatalf("revoking: %d, %v", status, err)
	}
	under(t, viewing(c), func(load *stack.Load) error {
		for range pick(1, 10) {
			core := seen(in, filepath.Join(dir, "core"))
			if err := fill(core); err != nil {
				return err
			}
			status := http.StatusOK
			for n := 2; status == http.StatusOK && n < 1000; n++ { // there is room in the file's last page
				if status, err = revoke(in, n); err != nil {
					return err
				}
			}
			if status != http.StatusServiceUnavailable {
				return fmt.Errorf("revoking on a full disk: %d", status)
			}
			if got, err := stack.Verify(http.DefaultClient, in.Addr, uri); err != nil || got != "revoked" {
				return fmt.Errorf("a revoked session: %q, %v", got, err)
			}
			load.Await(some)
			if err := os.Remove(core); err != nil {
				return err
			}
			if status, err := revoke(in, 1000); err != nil || status != http.StatusOK {
				return fmt.Errorf("revoking with room again: %d, %v", status, err)
			}
		}
		return nil
	})
}

// fill writes a file until its disk is full.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 1024))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}
