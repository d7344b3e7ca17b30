package logtest

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
)

// FullPipe makes a pipe that takes nothing more, and that nobody reads. It is closed when the test
// ends.
func FullPipe(tb testing.TB) (r, w *os.File) {
	tb.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		tb.Fatal(err)
	}
	for b := make([]byte, 4096); ; {
		if _, err := syscall.Write(fds[1], b); err == syscall.EAGAIN {
			break
		} else if err != nil {
			tb.Fatal(err)
		}
	}
	for _, fd := range fds { // from here on as a shell makes them
		if err := syscall.SetNonblock(fd, false); err != nil {
			tb.Fatal(err)
		}
	}
	r, w = os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	tb.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// ReadLate reads a full pipe while a program that logs to it is ended, and returns what it logged.
func ReadLate(tb testing.TB, r, w *os.File, end func()) string {
	tb.Helper()
	_ = w.Close() // so that the pipe ends with the process
	log := make(chan []byte)
	go func() {
		b, err := io.ReadAll(r)
		if err != nil {
			tb.Error(err)
		}
		log <- b
	}()
	end()
	return strings.TrimLeft(string(<-log), "\x00") // what the pipe was full of
}
