package load

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// openAll opens every connection before the clock runs, a few at a time so that no listen queue
// overflows.
func openAll(ctx context.Context, loops []*eventLoop) error {
	var all sync.WaitGroup
	var once sync.Once
	var first error
	gate := make(chan struct{}, 64)
	for _, l := range loops {
		for i := range l.sockets {
			gate <- struct{}{}
			all.Go(func() {
				defer func() { <-gate }()
				var err error
				if l.sockets[i].fd, err = l.open(); err != nil {
					once.Do(func() {
						first = fmt.Errorf("connection %d of %d: %w", i+1, len(l.sockets), err)
					})
				}
			})
		}
	}
	all.Wait()
	return first
}

// open dials with the resolver and the timeouts of package net, and removes the socket from its
// poller.
func (l *eventLoop) open() (fd int, err error) {
	c, err := l.dial(l.ctx)
	if err != nil {
		return -1, err
	}
	defer c.Close()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	if cerr := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	}); cerr != nil {
		return -1, cerr
	}
	return fd, err
}

func (l *eventLoop) close() {
	for i := range l.sockets {
		if fd := l.sockets[i].fd; fd >= 0 {
			unix.Close(fd)
		}
	}
	for ; l.dialing > 0; l.dialing-- {
		if d := <-l.dialed; d.fd >= 0 {
			unix.Close(d.fd)
		}
	}
	unix.Close(l.epfd)
}
