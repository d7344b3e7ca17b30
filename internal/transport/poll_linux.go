package transport

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll is an epoll instance (epoll(7)).
type poll struct {
	fd     int
	busy   bool // the last wait brought events
	events [256]unix.EpollEvent
}

func newPoll() (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &poll{fd: fd}, nil
}

func (p *poll) close() { _ = unix.Close(p.fd) }

// add may be called by any goroutine. Events are edge-triggered: each comes once.
func (p *poll) add(fd int) error { return p.control(unix.EPOLL_CTL_ADD, fd, 0) }

// again has the event of a socket come again, of which not everything was read.
func (p *poll) again(fd int) { _ = p.control(unix.EPOLL_CTL_MOD, fd, 0) }

// watchRoom has an event come when a socket's send buffer has room.
func (p *poll) watchRoom(fd int) { _ = p.control(unix.EPOLL_CTL_MOD, fd, unix.EPOLLOUT) }

func (p *poll) control(op, fd int, more uint32) error {
	return unix.EpollCtl(p.fd, op, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET | more, Fd: int32(fd),
	})
}

// remove is for a socket that stays open: a closed one is removed by the kernel.
func (p *poll) remove(fd int) { _ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil) }

// hold is how long a busy loop keeps its processor when nothing happens. With 2 ms the kernel had
// to set the processor's timer in every wait, which is expensive in a virtual machine.
const hold = 20 * time.Millisecond

// wait waits for events: for as long as idle at most, and while it is busy for as long as most. If
// that is less than hold, the caller has other work to do.
func (p *poll) wait(idle, most time.Duration) []unix.EpollEvent {
	p.busy = p.busy || most < hold
	if !p.busy {
		n, err := unix.EpollWait(p.fd, p.events[:], int(idle/time.Millisecond))
		p.busy = err == nil && n > 0
		return p.events[:max(n, 0)]
	}
	// Go's scheduler does not know of this wait, and takes no processor away: see the package's
	// doc.
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd),
		uintptr(unsafe.Pointer(&p.events)),
		uintptr(len(p.events)), uintptr(most/time.Millisecond), 0, 0)
	// EINTR: the scheduler wants this goroutine to yield, which it does where the next call begins
	if errno != 0 {
		return nil
	}
	p.busy = n > 0
	return p.events[:n]
}

// receive and send never block: the sockets are non-blocking. recvfrom(2) and sendto(2) skip what
// read(2) and write(2) do for files.

func receive(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	return int(n), errno
}

func send(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}
