package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"videotoken/internal/sockdiag"
)

// pairListener accepts one end of each socket pair that is made.
type pairListener struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPairListener() *pairListener {
	return &pairListener{made: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pairListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.made:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pairListener) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

func (l *pairListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// dial makes a socket pair, and has the server accept one end.
func (l *pairListener) dial() (*net.UnixConn, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket pair")
		if ends[i], err = net.FileConn(file); err != nil {
			return nil, err
		}
		_ = file.Close()
	}
	l.made <- ends[1]
	return ends[0].(*net.UnixConn), nil
}

// exchange sends pieces, each when the server has read the one before, and returns all that comes
// back until the server closes, without dates.
func (l *pairListener) exchange(pieces [][]byte, end streamEnd) (string, error) {
	conn, err := l.dial()
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // nothing depends on it
	answers := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(conn) // a reset is an end, too
		answers <- string(b)
	}()
	const onceMore = "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-Id: probe\r\n\r\n"
	for i, p := range pieces {
		last := i == len(pieces)-1
		if last && end == probesAtOnce {
			p = append(bytes.Clone(p), onceMore...)
		}
		if _, err := conn.Write(p); err != nil {
			break // the server had enough
		}
		if !last || end == endsRead || end == probes {
			if err := awaitPairRead(conn); err != nil {
				return "", err
			}
		}
	}
	if end == probes {
		_, _ = io.WriteString(conn, onceMore)
	}
	_ = conn.CloseWrite()
	select {
	case a := <-answers:
		return withoutDates(a), nil
	case <-time.After(10 * time.Minute): // the whole process may have been stopped meanwhile
		return "", errors.New("the server does not close")
	}
}

// awaitPairRead waits until the server has read all that was sent, asleep in the kernel: Go's own
// sleep takes a millisecond where nothing else runs.
func awaitPairRead(c *net.UnixConn) error {
	for {
		if read, err := sockdiag.HasRead(c, 0); read || err != nil {
			return err
		}
		pause := syscall.NsecToTimespec(int64(20 * time.Microsecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
}
