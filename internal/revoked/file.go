package revoked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// file keeps the sessions in a file on this machine. Several processes may share it, as two do
// while a service is replaced, and `videotoken revoke` does: each locks it to write, and reads what
// the others wrote. A file system that loses locks, such as some of a network, is no place for it.
type file struct {
	name   string
	memory *memory
	log    *slog.Logger
	create bool // the file, if there is none

	turn chan struct{} // has room for one: whoever works with the file
	read fs.FileInfo   // what was read last
	size int64         // up to where it was read
	lost bool          // the file lacks sessions that are in memory
}

// maxFile bounds a file: maxSessions with a line each, and some that were replaced.
const maxFile = 1 << 30

func newFile(name string, m *memory, log *slog.Logger) *file {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		name = resolved // a rename would replace the link
	}
	return &file{name: name, memory: m, log: log.With("file", name), turn: make(chan struct{}, 1)}
}

// openFile reads a file, makes it if there is none, and drops from it what is over. A disk that
// cannot be written is worth a warning: the sessions are there.
func openFile(ctx context.Context, name string, m *memory, log *slog.Logger) (*file, error) {
	f := newFile(name, m, log)
	f.create = true
	err := f.locked(ctx, func(file *os.File) error {
		torn, damaged, err := f.update(file)
		switch {
		case err != nil:
			return err
		case damaged > 0:
			return fmt.Errorf("line %d is damaged: remove it to go on without that revocation, "+
				"or bring the file back from a backup", damaged)
		case torn > 0:
			f.log.Warn("the last line of the revoked sessions is not complete and was dropped: "+
				"it was not acknowledged", "bytes", torn)
		}
		if err := f.compact(file); err != nil {
			f.warnUnwritable(err)
		}
		return nil
	})
	if isFull(err) {
		f.warnUnwritable(err)
		if _, err = f.refresh(); errors.Is(err, fs.ErrNotExist) {
			err = nil // nothing was ever revoked
		}
	}
	if err != nil {
		return nil, fmt.Errorf("revoked sessions: %s: %w", name, withoutName(err))
	}
	return f, nil
}

func (f *file) warnUnwritable(err error) {
	f.log.Error("the revoked sessions cannot be written: none can be revoked until they can",
		"error", err)
}

// isFull reports whether an error is about a disk that takes nothing, for whatever reason.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) ||
		errors.Is(err, syscall.EDQUOT) ||
		errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EIO)
}

// withoutName takes the name off an error of the file.
func withoutName(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// locked opens the file, makes it if there is none, and calls do while no other process writes.
func (f *file) locked(ctx context.Context, do func(*os.File) error) error {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	flags := os.O_RDWR
	if f.create {
		flags |= os.O_CREATE
	}
	for {
		file, err := os.OpenFile(f.name, flags, 0o600)
		if err != nil {
			return err
		}
		err = lock(ctx, file)
		if err == nil {
			var same bool
			if same, err = f.isCurrent(file); err == nil && same {
				err = do(file)
			} else if err == nil {
				_ = file.Close() // another process put a file in its place
				continue
			}
		}
		return errors.Join(err, file.Close())
	}
}

// isCurrent reports whether an open file is still the one of the name.
func (f *file) isCurrent(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, errors.New("it is not a regular file")
	}
	named, err := os.Stat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(info, named), err
}

// update reads what the file has that was not read yet into memory. It returns how many bytes
// follow the last valid line, and the number of a damaged line before it. If the file is another
// one than before, or lost its end, it reads the whole, and finds out whether it lacks any session.
func (f *file) update(file *os.File) (torn int64, damaged int, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	from := f.size
	again := f.read == nil || !os.SameFile(info, f.read) || info.Size() < f.size
	if again {
		from = 0
	}
	if info.Size()-from > maxFile {
		return 0, 0, errFull
	}
	data := make([]byte, info.Size()-from)
	n, err := file.ReadAt(data, from)
	if err != nil && err != io.EOF { // what another process cut off is no line of ours
		return 0, 0, err
	}
	data = data[:n]
	first := 0
	if from == 0 {
		if first, err = checkHeader(data); err != nil {
			return 0, 0, err
		}
	}
	if again {
		f.memory.reserve(bytes.Count(data, []byte("\n")))
	}
	mark := f.memory.nextMark()
	complete := true
	valid, damaged := scan(data[first:], func(session [8]byte, until uint32) {
		complete = f.memory.addMarked(session, until, mark) && complete
	})
	if !complete {
		return 0, 0, errFull
	}
	if damaged > 0 && first > 0 {
		damaged++ // the first line
	}
	if again {
		f.memory.missing(mark, func(*record) bool { f.lost = true; return false })
	}
	f.read, f.size = info, from+int64(first+valid)
	return from + int64(len(data)) - f.size, damaged, nil
}

// add adds a revocation to the file, and returns when it is on the disk.
func (f *file) add(ctx context.Context, session [8]byte, until uint32) error {
	return f.write(ctx, appendLine(nil, session, until))
}

// write brings the file up to date with memory, and adds lines to it. If that fails, the file is as
// it was.
func (f *file) write(ctx context.Context, lines []byte) error {
	err := f.locked(ctx, func(file *os.File) error {
		torn, damaged, err := f.update(file)
		if err != nil {
			return err
		}
		if damaged > 0 {
			f.warnDamaged(damaged)
		}
		if f.lost {
			if file, err = f.rewrite(); err != nil {
				return err
			}
			defer file.Close()
			f.log.Warn("the file of the revoked sessions lacked some: they were written " +
				"to it again")
		} else if torn > 0 {
			if err := file.Truncate(f.size); err != nil {
				return err
			}
		}
		return f.extend(file, lines)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, withoutName(err))
	}
	return nil
}

// extend writes lines to the end of a file, and waits for the disk.
func (f *file) extend(file *os.File, lines []byte) error {
	isNew := f.size == 0
	if isNew {
		lines = append([]byte(header), lines...)
	}
	_, err := file.WriteAt(lines, f.size)
	if err == nil {
		err = file.Sync()
	}
	if err == nil && isNew {
		err = syncDirectory(f.name)
	}
	if err != nil {
		_ = file.Truncate(f.size) // else the next one who writes does, or who starts
		return err
	}
	f.size += int64(len(lines))
	return nil
}

// refresh reads what other processes wrote, without a lock: a line that is not complete yet is left
// for the next time. It reports whether the file lacks sessions that are in memory.
func (f *file) refresh() (lost bool, err error) {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	info, err := os.Stat(f.name)
	if err != nil {
		f.lost = f.lost || errors.Is(err, fs.ErrNotExist)
		return f.lost, err
	}
	if f.read != nil && os.SameFile(info, f.read) && info.Size() == f.size {
		return f.lost, nil
	}
	file, err := os.OpenFile(f.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return f.lost, err
	}
	defer file.Close()
	if _, damaged, err := f.update(file); err != nil {
		return f.lost, err
	} else if damaged > 0 {
		f.warnDamaged(damaged)
	}
	return f.lost, nil
}

func (f *file) warnDamaged(line int) {
	f.log.Error("a line of the revoked sessions is damaged, and does not count", "line", line,
		"before", f.size)
}

// fileTime bounds how long the background waits for another process.
const fileTime = 5 * time.Second

// sync learns what other processes wrote, and writes back what the file lost.
func (f *file) sync(ctx context.Context) error {
	lost, err := f.refresh()
	if lost {
		ctx, cancel := context.WithTimeout(ctx, fileTime)
		defer cancel()
		return f.write(ctx, nil)
	}
	return withoutName(err)
}

// forget has sync read the whole file again.
func (f *file) forget() {
	f.turn <- struct{}{}
	f.read, f.size = nil, 0
	<-f.turn
}
