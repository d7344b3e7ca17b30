package transport

import (
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// newcomer is a connection that was accepted and is in no loop yet.
type newcomer struct {
	conn   net.Conn // nil: there is only a descriptor
	fd     int
	remote net.Addr
}

// acceptSocket accepts a connection for a loop. It makes none of package net of it where the
// listener is a plain one: that would add it to Go's poller, and the loop would have to take it out
// again.
func (l *listener) acceptSocket() (n newcomer, err error) {
	if l.file == nil {
		n.conn, err = l.Listener.Accept()
		return n, err
	}
	var failed error
	err = l.raw.Read(func(fd uintptr) (done bool) {
		var peer unix.Sockaddr
		n.fd, peer, failed = unix.Accept4(int(fd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if failed == unix.EAGAIN {
			return false
		}
		if failed == nil {
			n.remote = addrOf(peer)
		}
		return true
	})
	if err != nil { // the listener is closed
		return n, err
	}
	return n, failed
}

// openRaw has acceptSocket accept from the listener's socket, if that is package net's own: another
// listener may do more in Accept, even if it contains one of these.
func (l *listener) openRaw() {
	var f *os.File
	var err error
	switch ln := l.Listener.(type) {
	case *net.TCPListener:
		f, err = ln.File()
	case *net.UnixListener:
		f, err = ln.File()
	default:
		return
	}
	if err != nil {
		return
	}
	if l.raw, err = f.SyscallConn(); err != nil {
		_ = f.Close()
		return
	}
	l.file = f
}

// setOptions sets the options that the connection did not inherit from its listener.
func (n newcomer) setOptions() {
	if n.conn != nil {
		limitSendBuffer(n.conn)
		return
	}
	_ = unix.SetsockoptInt(n.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	if _, ok := n.remote.(*net.TCPAddr); ok {
		_ = unix.SetsockoptInt(n.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
}

// inherits reports whether the connection has the options of its listener.
func (n newcomer) inherits() bool {
	if n.conn != nil {
		_, isUnix := n.conn.(*net.UnixConn)
		return !isUnix
	}
	_, isTCP := n.remote.(*net.TCPAddr)
	return isTCP
}

// asConn returns the newcomer as a connection of package net.
func (n newcomer) asConn() (net.Conn, error) {
	if n.conn != nil {
		return n.conn, nil
	}
	return asConn(n.fd)
}

// asConn makes a connection of package net of a socket.
func asConn(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "")
	defer f.Close() //nolint:errcheck // the connection has a descriptor of its own
	return net.FileConn(f)
}

// addrOf returns an address as package net has it.
func addrOf(a unix.Sockaddr) net.Addr {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port, Zone: zoneOf(int(a.ZoneId))}
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: a.Name, Net: "unix"}
	}
	return nil
}

// zoneOf returns the zone of a link-local IPv6 address: the interface's name, or its number if it
// has none any more.
func zoneOf(index int) string {
	if index == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return strconv.Itoa(index)
}
