//go:build !linux

package transport

import (
	"errors"
	"fmt"
	"net"
)

type loop struct{ room room }

func newLoops(*Server) ([]*loop, error) {
	return nil, fmt.Errorf("transport: event loops are epoll's, of Linux: %w", errors.ErrUnsupported)
}

func (*loop) run()              {}
func (*loop) add(net.Conn) bool { return false }
func (*loop) load() int64       { return 0 }
