package sockdiag

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"
)

// diag asks the kernel about sockets (sock_diag(7)).
type diag struct{ fd int }

// diags are those that nobody uses now. They stay open, for another test.
var diags struct {
	mu   sync.Mutex
	free []diag
}

func takeDiag() (diag, error) {
	diags.mu.Lock()
	defer diags.mu.Unlock()
	if n := len(diags.free); n > 0 {
		d := diags.free[n-1]
		diags.free = diags.free[:n-1]
		return d, nil
	}
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC,
		netlinkSockDiag)
	if err != nil {
		return diag{}, fmt.Errorf("no sock_diag(7) here, without which the tests cannot tell "+
			"when the server has read: %w", err)
	}
	return diag{fd}, nil
}

func (d diag) putBack() {
	diags.mu.Lock()
	defer diags.mu.Unlock()
	diags.free = append(diags.free, d)
}

const (
	netlinkSockDiag  = 4
	sockDiagByFamily = 20
	inetDiagInfo     = 2
	tcpEstablished   = 1
	tcpCloseWait     = 8

	messageSize   = 16 + 72 // struct nlmsghdr, struct inet_diag_msg
	bytesReceived = 128     // of struct tcp_info
)

// HasRead reports whether the server at the other end of a TCP connection or Unix socket has read
// the first n bytes that c sent, or will read no more.
func HasRead(c net.Conn, n int) (bool, error) {
	if u, ok := c.(*net.UnixConn); ok {
		return unixHasRead(u)
	}
	local, remote := c.LocalAddr().(*net.TCPAddr).AddrPort(),
		c.RemoteAddr().(*net.TCPAddr).AddrPort()
	return tcpHasRead(remote, local, n)
}

// unixHasRead asks how much of what c sent is still queued at its peer: SIOCOUTQ, whose number is
// that of TIOCOUTQ (unix(7)).
func unixHasRead(c *net.UnixConn) (bool, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false, err
	}
	var queued int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ,
			uintptr(unsafe.Pointer(&queued)))
	})
	if err == nil && errno != 0 {
		err = fmt.Errorf("SIOCOUTQ: %w", errno)
	}
	return queued == 0, err
}

// tcpHasRead reports whether the program at local has read the first n bytes that came from remote,
// or will read no more.
func tcpHasRead(local, remote netip.AddrPort, n int) (bool, error) {
	d, err := takeDiag()
	if err != nil {
		return false, err
	}
	defer d.putBack()
	ne := binary.NativeEndian
	var request [16 + 56]byte // struct nlmsghdr, struct inet_diag_req_v2
	ne.PutUint32(request[0:], uint32(len(request)))
	ne.PutUint16(request[4:], sockDiagByFamily)
	ne.PutUint16(request[6:], syscall.NLM_F_REQUEST)
	r := request[16:]
	r[0], r[1], r[2] = syscall.AF_INET, syscall.IPPROTO_TCP, 1<<(inetDiagInfo-1)
	ne.PutUint32(r[4:], 1<<tcpEstablished|1<<tcpCloseWait)
	id := r[8:]
	binary.BigEndian.PutUint16(id[0:], local.Port())
	binary.BigEndian.PutUint16(id[2:], remote.Port())
	copy(id[4:20], local.Addr().Unmap().AsSlice())
	copy(id[20:36], remote.Addr().Unmap().AsSlice())
	ne.PutUint64(id[40:], ^uint64(0)) // any cookie
	if err := syscall.Sendto(d.fd, request[:], 0,
		&syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return false, fmt.Errorf("sock_diag: %w", err)
	}
	var answer [4096]byte
	size, _, err := syscall.Recvfrom(d.fd, answer[:], 0)
	if err != nil {
		return false, fmt.Errorf("sock_diag: %w", err)
	}
	if ne.Uint16(answer[4:]) == syscall.NLMSG_ERROR {
		if errno := syscall.Errno(-int32(ne.Uint32(answer[16:]))); errno != syscall.ENOENT {
			return false, fmt.Errorf("sock_diag: %w", errno)
		}
		return true, nil // there is no such socket any more
	}
	if state := answer[16+1]; state != tcpEstablished && state != tcpCloseWait {
		return true, nil
	}
	queued := ne.Uint32(answer[16+56:])
	for at := messageSize; at+4 <= size; at += int(ne.Uint16(answer[at:])+3) &^ 3 {
		if ne.Uint16(answer[at+2:]) == inetDiagInfo && at+4+bytesReceived+8 <= size {
			return queued == 0 && ne.Uint64(answer[at+4+bytesReceived:]) >= uint64(n), nil
		}
	}
	return false, fmt.Errorf("sock_diag: an answer without tcp_info: %x", answer[:size])
}
