package revoked

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { processes["disk"] = useDisks }

// TestDisk: on a disk that is full, or cannot be written, a revocation is refused with what is
// wrong and changes nothing, the sessions that are there count, also after a start, and all is well
// once the disk is. It has a disk of its own, in a namespace of its own.
func TestDisk(t *testing.T) {
	cmd := process("disk", t.TempDir())
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

// useDisks mounts a disk of 64 KiB on a directory, and returns what is wrong.
func useDisks(args []string) (err error) {
	dir := args[0]
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	name, filler := filepath.Join(dir, "revoked"), filepath.Join(dir, "filler")
	check := func(ok bool, format string, a ...any) {
		if !ok {
			err = errors.Join(err, fmt.Errorf(format, a...))
		}
	}
	c := Config{File: name, Now: newClock(testTime).now}
	s, e := Open(c)
	if e != nil {
		return e
	}
	ctx := context.Background()
	next := 0
	add := func() error { next++; return s.Revoke(ctx, id(next), testUntil) }

	// The disk becomes full: within the file's first page, there is still room.
	if e := fillDisk(filler); e != nil {
		return e
	}
	var full error
	for full = add(); full == nil; full = add() {
	}
	kept := next - 1
	size := func() int64 {
		info, e := os.Stat(name)
		check(e == nil, "%v", e)
		return info.Size()
	}
	before := size()
	check(errors.Is(full, syscall.ENOSPC) && strings.Contains(full.Error(), "not revoked: "+
		name+": no space left on device"), "full: %v", full)
	check(!s.Has(id(next)), "full: a refused session is revoked")
	check(add() != nil && size() == before && (before-int64(len(header)))%37 == 0,
		"full: %d bytes, then %d", before, size())
	s.Close()
	s, e = Open(c)
	check(e == nil, "full: start: %v", e)
	if e != nil {
		return err
	}
	check(kept > 50, "full: only %d fit", kept)
	for i := 1; i <= kept; i++ {
		check(s.Has(id(i)), "full: session %d is lost", i)
	}
	check(errors.Is(add(), syscall.ENOSPC), "full: after a start")

	// The disk has room again, without a start.
	check(os.Remove(filler) == nil, "remove")
	check(add() == nil && s.Has(id(next)), "room: refused")
	last := next

	// It cannot be written, under a running process and at a start.
	check(syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") == nil, "remount")
	for _, when := range []string{"running", "started"} {
		e := add()
		check(errors.Is(e, syscall.EROFS) && strings.Contains(e.Error(), "read-only file system"),
			"read-only, %s: %v", when, e)
		check(!s.Has(id(next)) && s.Has(id(1)) && s.Has(id(last)) && s.Loaded(),
			"read-only, %s: what is revoked", when)
		s.Close()
		if s, e = Open(c); e != nil {
			return errors.Join(err, fmt.Errorf("read-only: start: %w", e))
		}
	}
	check(syscall.Mount("none", dir, "", syscall.MS_REMOUNT, "") == nil, "remount")
	check(add() == nil && s.Has(id(next)), "writable: refused")
	s.Close()

	// There is no room for a file at all.
	check(os.Remove(name) == nil && fillDisk(filler) == nil, "fill")
	if s, e = Open(c); e != nil {
		return errors.Join(err, fmt.Errorf("no room for a file: %w", e))
	}
	check(add() != nil && !s.Has(id(next)), "no room for a file: revoked")
	check(os.Remove(filler) == nil, "remove")
	check(add() == nil, "room for a file: refused")
	s.Close()
	s, e = Open(c)
	check(e == nil && s.Has(id(next)) && !s.Has(id(next-1)), "room for a file: %v", e)
	return err
}

// fillDisk writes a file until the disk is full.
func fillDisk(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return f.Close()
}

// TestReplaced: a process that waits for the lock of a file, while another one puts a new file in
// its place, writes to the new one.
func TestReplaced(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	s, _ := open(t, Config{File: name})
	revoke(t, s, 1)
	held, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	revoked := make(chan error, 1)
	go func() { revoked <- s.Revoke(context.Background(), id(2), testUntil) }()
	await(t, "the set opens the file, too", func() bool { return opened(t, name) == 2 })
	write(t, name+".other", lines(1, 3))
	if err := os.Rename(name+".other", name); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-revoked:
		t.Fatalf("it did not wait for the lock: %v", err)
	default:
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := <-revoked; err != nil {
		t.Fatal(err)
	}
	if got := read(t, name); got != lines(1, 3, 2) {
		t.Errorf("the new file has %q", got)
	}
}

// opened is how many descriptors of this process a file has.
func opened(t *testing.T, name string) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range list {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && target == name {
			n++
		}
	}
	return n
}
