//go:build !linux

package transport

import (
	"errors"
	"fmt"
	"net"
)

type loop struct{ room room }

func newLoops(*Server) ([]*loop, error) {
	return nil, fmt.Errorf("transport: event loops are epoll's, of Linux: %w",
		errors.ErrUnsupported)
}

func (*loop) run()              {}
func (*loop) add(newcomer) bool { return false }
func (*loop) load() int64       { return 0 }

// newcomer is a connection that was accepted.
type newcomer struct{ conn net.Conn }

func (l *listener) acceptSocket() (n newcomer, err error) {
	n.conn, err = l.Listener.Accept()
	return n, err
}

func (*listener) openRaw() {}

func (newcomer) inherits() bool              { return false }
func (n newcomer) setOptions()               { limitSendBuffer(n.conn) }
func (n newcomer) asConn() (net.Conn, error) { return n.conn, nil }
