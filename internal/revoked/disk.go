package revoked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// compact drops from the file what is over or replaced, if there is any of it.
func (f *file) compact(file *os.File) error {
	if f.size == 0 {
		return f.extend(file, nil) // the first line
	}
	if owner(f.read) != os.Geteuid() {
		return nil // the new file would have another owner, who may not be able to read it
	}
	size := int64(len(header))
	f.memory.kept(func(r *record) { size += int64(lineSize(r.until)) })
	if size >= f.size {
		return nil
	}
	renewed, err := f.rewrite()
	if err == nil {
		err = renewed.Close()
	}
	return err
}

// rewrite puts a file with all that memory keeps in the place of the file. It returns the new one,
// locked.
func (f *file) rewrite() (_ *os.File, err error) {
	name := f.name + ".new"
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, f.read.Mode().Perm())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(name)
		}
	}()
	lines := []byte(header)
	f.memory.kept(func(r *record) { lines = appendLine(lines, r.session, r.until) })
	if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, err
	}
	if _, err = io.Copy(file, bytes.NewReader(lines)); err != nil {
		return nil, err
	}
	if err = file.Sync(); err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err = os.Rename(name, f.name); err != nil {
		return nil, err
	}
	f.read, f.size, f.lost = info, int64(len(lines)), false
	return file, syncDirectory(f.name)
}

// syncDirectory has the disk know the name of a file.
func syncDirectory(name string) error {
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil // a file system that has no need of it
	}
	return errors.Join(err, d.Close())
}

// owner returns the user id of a file's owner.
func owner(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// lock waits for the lock of a file: flock(2), which a killed process gives up.
func lock(ctx context.Context, file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another process holds its lock: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
