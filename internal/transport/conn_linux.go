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
	handedOver
	closed
)

// conn is a connection in a loop.
type conn struct {
	fd    int
	state connState
	// origin is the connection of package net until the first answer, when it is known who serves
	// it.
	origin        net.Conn
	local, remote net.Addr

	pending  []byte // the beginning of a request, or requests that wait for their turn; nil if there are none
	need     int    // how many bytes there must be for another look at them
	line     bool   // the request line among them is good
	answered bool   // a request of it was answered
	unsent   []byte // answers that the client has not taken
	held     int    // bytes of an unfinished request, in the server's count
	waited   any    // the state of a request that waited
	wait     uint64 // how often one of its requests waited
	batch    uint64 // the last batch of answers in which it had one
	since    int64  // the tick in which it became idle, or the request began, or was answered
}

// isHere reports whether the connection is still in its loop.
func (c *conn) isHere() bool { return c.state < handedOver }

// reads reports whether the connection's socket is to be read when something comes.
func (c *conn) reads() bool { return c.state <= reading }

// isUnfinished reports whether a request has begun whose answer was not sent.
func (c *conn) isUnfinished() bool { return c.isHere() && c.state >= reading }

// newConn reports false if the connection is not a socket.
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

// peer is what a handler sees as the connection of a request: only its addresses work.
type peer struct {
	conn  *conn
	pause *pause // what the request waits for
}

func (p *peer) wait(w *pause) { p.pause = w }
func (p *peer) waited() any   { return p.conn.waited }

var errLoop = errors.New("transport: the connection is in a loop, which reads and writes it")

func (p *peer) LocalAddr() net.Addr              { return p.conn.local }
func (p *peer) RemoteAddr() net.Addr             { return p.conn.remote }
func (p *peer) Read([]byte) (int, error)         { return 0, errLoop }
func (p *peer) Write([]byte) (int, error)        { return 0, errLoop }
func (p *peer) Close() error                     { return errLoop }
func (p *peer) SetDeadline(time.Time) error      { return errLoop }
func (p *peer) SetReadDeadline(time.Time) error  { return errLoop }
func (p *peer) SetWriteDeadline(time.Time) error { return errLoop }
