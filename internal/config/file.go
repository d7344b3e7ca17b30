package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// file is the content of a file and who may read it.
type file struct {
	data []byte
	mode fs.FileMode
}

// readFile reads a regular file of at most limit bytes. It opens without waiting, so that the name
// of a pipe, to which nobody may ever write, is a mistake and not a service that does not start.
func readFile(name string, limit int64) (file, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return file{}, withoutName(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file{}, withoutName(err)
	}
	if !info.Mode().IsRegular() {
		return file{}, errors.New("it is not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return file{data, info.Mode()}, withoutName(err)
}

// withoutName takes the file's name off an error, for it may be part of a secret in the wrong
// place.
func withoutName(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// isPublic reports whether everybody on the machine may read the file.
func (f file) isPublic() bool { return f.mode.Perm()&0o004 != 0 }

func (f file) readers() string {
	return fmt.Sprintf("readable by everybody on this machine (mode %v)", f.mode.Perm())
}
