package transport

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a connection in a loop.
type conn struct {
	fd int
	// origin is what was accepted, until the first answer: before, it is not known who will serve it.
	origin        net.Conn
	local, remote net.Addr

	pending []byte // the beginning of a request that is not all there: nil between requests
	need    int    // how many bytes there must be for another look at them
	line    bool   // the request line among them was found good
	asked   bool   // there was a request
	queued  bool   // it is in the loop's backlog, and what is pending may hold whole requests
	held    int    // bytes of an unfinished request, in the server's count
	since   int64  // the tick in which it began to wait for a request, or for the rest of one
}

// newConn reports false for what is not a socket.
func newConn(c net.Conn) (*conn, bool) {
	var raw syscall.RawConn
	var err error
	switch c := c.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}
	added := &conn{origin: c, local: c.LocalAddr(), remote: c.RemoteAddr()}
	err = raw.Control(func(fd uintptr) { added.fd = int(fd) })
	return added, err == nil
}

func (c *conn) close() {
	if c.origin != nil {
		_ = c.origin.Close()
		return
	}
	_ = unix.Close(c.fd)
}

// peer is to a handler the connection of the request, of which only the addresses are its business.
type peer struct{ conn *conn }

var errLoop = errors.New("transport: the connection is in a loop, which reads and writes it")

func (p *peer) LocalAddr() net.Addr              { return p.conn.local }
func (p *peer) RemoteAddr() net.Addr             { return p.conn.remote }
func (p *peer) Read([]byte) (int, error)         { return 0, errLoop }
func (p *peer) Write([]byte) (int, error)        { return 0, errLoop }
func (p *peer) Close() error                     { return errLoop }
func (p *peer) SetDeadline(time.Time) error      { return errLoop }
func (p *peer) SetReadDeadline(time.Time) error  { return errLoop }
func (p *peer) SetWriteDeadline(time.Time) error { return errLoop }
