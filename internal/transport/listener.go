package transport

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// listener accepts the server's connections. It counts them, refuses those over the limit, and goes
// on after errors that pass, such as a lack of file descriptors; fasthttp would stop serving.
type listener struct {
	net.Listener
	server *Server
	file   *os.File // the same socket, where loops accept from it: package net has no way to
	raw    syscall.RawConn
	closed sync.Once
	late   bool      // it came after Shutdown
	warned time.Time // when an error of accept was logged last
	// early is how many connections may come that the kernel accepted before the listener had the
	// options that they inherit.
	early int
}

// Close may be called again.
func (l *listener) Close() (err error) {
	l.closed.Do(func() {
		if l.file != nil {
			_ = l.file.Close()
		}
		err = l.Listener.Close()
	})
	return err
}

// refusals bounds how many refused connections linger at once. Any more are closed at once.
var refusals = make(chan struct{}, 32)

// Accept returns a connection for fasthttp to serve.
func (l *listener) Accept() (net.Conn, error) {
	n, err := l.accept(func() (n newcomer, err error) {
		n.conn, err = l.Listener.Accept()
		return n, err
	})
	if err != nil {
		return nil, err
	}
	return l.server.served.add(n.conn, nil), nil
}

// accept returns the next connection that is counted.
func (l *listener) accept(next func() (newcomer, error)) (newcomer, error) {
	s := l.server
	for wait := 5 * time.Millisecond; ; {
		n, err := next()
		if err != nil {
			if !passes(err) {
				return n, err
			}
			if now := time.Now(); now.Sub(l.warned) >= time.Second {
				l.warned = now
				s.log.Warn("no connection could be accepted, trying again", "error", err, "wait",
					wait)
			}
			time.Sleep(wait)
			wait = min(2*wait, time.Second)
			continue
		}
		if s.open.Add(1) <= int64(s.config.MaxConnections) || s.makeRoom() {
			if !n.inherits() || l.early > 0 {
				l.early--
				n.setOptions()
			}
			return n, nil
		}
		s.open.Add(-1)
		s.refused.Add(1)
		s.config.Refused()
		if c, err := n.asConn(); err == nil {
			l.refuse(c)
		}
	}
}

// refuse answers a connection over the limit.
func (l *listener) refuse(c net.Conn) {
	// an empty send buffer has room for the answer
	_ = c.SetWriteDeadline(time.Now().Add(lingerTime))
	_, _ = c.Write(l.server.config.Busy)
	select {
	case refusals <- struct{}{}:
		go func() {
			drain(c)
			_ = c.Close()
			<-refusals
		}()
	default:
		_ = c.Close()
	}
}

// passes reports whether an error of accept(2) is about one connection, or about a lack of
// resources that may end soon.
func passes(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		// Errors of the connection itself, which accept(2) passes on.
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPROTO, syscall.EPERM, syscall.EINTR,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.ENOPROTOOPT, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
