package transport

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// connState is the state of a connection, as the package's doc has them.
type connState int8

const (
	accepted connState = iota
	idle
	reading
	queued
	sending
	waiting
	leaving
	handedOver
	closed
)

// conn is a connection in a loop. What each of its turns needs is on one cache line: at thousands
// of connections, every line of one has left the caches since its turn before.
type conn struct {
	fd       int
	state    connState
	line     bool   // the request line among the pending bytes is good
	answered bool   // a request of it was answered
	again    bool   // its request has waited, and has the state that it left
	batch    uint32 // the last batch of answers in which it had one
	held     uint32 // bytes of an unfinished request, in the server's count
	need     int    // how many bytes there must be for another look at the pending ones
	since    int64  // the tick in which it became idle, or the request began, or was answered
	// the beginning of a request, or requests that wait for their turn; nil if there are none
	pending []byte

	unsent []byte // answers that the client has not taken
	remote net.Addr
	local  net.Addr // nil until somebody asks
	waited any      // the state of a request that waited
	wait   uint64   // how often one of its requests waited

	_ [48]byte // a size of whole cache lines, on which the allocator puts it then
}

// isHere reports whether the connection is still in its loop.
func (c *conn) isHere() bool { return c.state < handedOver }

// reads reports whether the connection's socket is to be read when something comes.
func (c *conn) reads() bool { return c.state <= reading }

// isUnfinished reports whether a request has begun whose answer was not sent.
func (c *conn) isUnfinished() bool { return c.isHere() && c.state >= reading }

// newConn reports false if the connection is not a socket. A connection of package net is closed
// when its socket is taken out of Go's poller, which each event would wake.
func newConn(n newcomer) (*conn, bool) {
	if n.conn == nil {
		return &conn{fd: n.fd, remote: n.remote}, true
	}
	var raw syscall.RawConn
	var err error
	switch c := n.conn.(type) {
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
	c := &conn{fd: -1, remote: n.conn.RemoteAddr()}
	err = raw.Control(func(fd uintptr) {
		if d, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			c.fd = d
		}
	})
	// it is closed, or there is no descriptor: fasthttp serves it as it is
	if err != nil || c.fd < 0 {
		return nil, false
	}
	_ = n.conn.Close()
	return c, true
}

func (c *conn) close() { _ = unix.Close(c.fd) }

// peer is what a handler sees as the connection of a request: only its addresses work.
type peer struct {
	conn  *conn
	pause *pause // what the request waits for
}

func (p *peer) wait(w *pause) { p.pause = w }
func (p *peer) waited() any {
	if !p.conn.again {
		return nil
	}
	return p.conn.waited
}

var errLoop = errors.New("transport: the connection is in a loop, which reads and writes it")

func (p *peer) LocalAddr() net.Addr              { return p.conn.localAddr() }
func (p *peer) RemoteAddr() net.Addr             { return p.conn.remote }
func (p *peer) Read([]byte) (int, error)         { return 0, errLoop }
func (p *peer) Write([]byte) (int, error)        { return 0, errLoop }
func (p *peer) Close() error                     { return errLoop }
func (p *peer) SetDeadline(time.Time) error      { return errLoop }
func (p *peer) SetReadDeadline(time.Time) error  { return errLoop }
func (p *peer) SetWriteDeadline(time.Time) error { return errLoop }

// localAddr asks the kernel at the first call.
func (c *conn) localAddr() net.Addr {
	if c.local == nil {
		if a, err := unix.Getsockname(c.fd); err == nil {
			c.local = addrOf(a)
		}
	}
	return c.local
}
