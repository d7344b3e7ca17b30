//go:build unix

package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// Descriptors are reserved for the admin port, files, refused connections that linger, and
// connections on their way to fasthttp, which have two for a moment. At most half of the
// descriptors are.
const reservedDescriptors = 128

// descriptorLimit returns how many connections the process may have at most. Go raises the limit of
// descriptors to the hard one when the process starts.
func descriptorLimit(want int) int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return want
	}
	n := limit.Cur - min(reservedDescriptors, limit.Cur/2)
	if n < uint64(want) {
		return max(int(n), 1)
	}
	return want
}

// setInherited sets the options of a listener that its connections inherit, which costs no system
// call a connection: small send buffers, and no delay for small packets, as package net sets for
// each connection.
func setInherited(ln net.Listener) {
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // without them the kernel's defaults hold
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	})
}
