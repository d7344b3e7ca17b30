package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"videotoken/internal/sockdiag"
)

// end is what a client does behind its last byte.
type end int

const (
	halfClose end = iota // says that no more will come, when the server has read all
	finAtOnce            // says so with the last bytes
	// sends one more good request, which shows whether the connection was left open
	probe
	hold // nothing: the server must close
)

func (e end) String() string {
	return [...]string{"half-close", "half-close at once", "probe", "hold"}[e]
}

const probeRequest = "GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n"

// exchange sends the pieces on a new connection, each when the server has read the one before,
// waits for as many bytes of answers as are due then, and returns all that comes back until the
// server closes. How it closes, with FIN or RST, is not in the answer: it depends on whether bytes
// came in between, and is the kernel's choice.
func exchange(addr string, pieces []string, due int, e end,
	sleep func(time.Duration)) (string, error) {
	conn, err := dialString(addr) // without Nagle's algorithm, as Go's all are
	if err != nil {
		return "", err
	}
	defer conn.Close()       //nolint:errcheck // nothing depends on it
	defer resetOnClose(conn) // thousands of exchanges would leave too many ports in TIME_WAIT
	err = conn.SetDeadline(time.Now().Add(patience))
	if err != nil {
		return "", err
	}
	paid, answer := make(chan struct{}), make(chan result, 1)
	go func() {
		first := make([]byte, due)
		n, _ := io.ReadFull(conn, first)
		close(paid)
		answer <- readAll(first[:n], conn)
	}()
	sent := 0
	for i, p := range pieces {
		if _, err := io.WriteString(conn, p); err != nil {
			break // the server had enough
		}
		if sent += len(p); e != finAtOnce || i < len(pieces)-1 {
			if err := awaitRead(conn, sent, sleep); err != nil {
				return "", err
			}
		}
	}
	select {
	case <-paid:
	case <-time.After(patience / 6):
		return "", fmt.Errorf("the answers do not come without more bytes")
	}
	if e == probe {
		_, _ = io.WriteString(conn, probeRequest)
	}
	if e != hold {
		_ = conn.(halfCloser).CloseWrite()
	}
	a := <-answer
	return a.text, a.err
}

type result struct {
	text string
	err  error
}

// readAll reads until the server closes, behind what was read before.
func readAll(before []byte, c net.Conn) result {
	b, err := io.ReadAll(c)
	b = append(before, b...)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return result{err: fmt.Errorf("still open %v after the last byte, with %q read", patience, b)}
	}
	return result{text: comparable(string(b))}
}

// nap sleeps in the kernel, with a processor of Go's: for a test with one connection at a time.
// Go's own sleep takes a millisecond there, where nothing else runs.
func nap(d time.Duration) {
	interval := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&interval, nil)
}

// awaitRead waits until the peer of c has read all that was sent, so that what is sent next is
// another piece to it.
func awaitRead(c net.Conn, sent int, sleep func(time.Duration)) error {
	pause := 50 * time.Microsecond
	for until := time.Now().Add(patience); ; pause = min(2*pause, 500*time.Microsecond) {
		sleep(pause)
		if read, err := sockdiag.HasRead(c, sent); read || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d bytes are not read after %v", sent, patience)
		}
	}
}

// awaitRead waits until the server has read all that was sent.
func (c *client) awaitRead() {
	c.tb.Helper()
	if err := awaitRead(c.Conn, c.sent, time.Sleep); err != nil {
		c.tb.Fatal(err)
	}
}
