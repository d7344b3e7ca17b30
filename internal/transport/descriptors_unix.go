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

// limitSendBuffers limits the send buffers of the connections that a listener will accept, which
// inherit it: that costs no system call a connection.
func limitSendBuffers(ln net.Listener) {
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // without it the kernel's default holds
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	})
}
