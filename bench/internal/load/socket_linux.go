package load

import (
	"errors"
	"fmt"
	"io"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ready starts using a socket that was just opened.
func (l *eventLoop) ready(i int) error {
	s := &l.sockets[i]
	// the index of the socket, which epoll returns unchanged
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, s.fd, &ev); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	now := l.now()
	s.free = now
	if l.Rate > 0 || l.Turns != nil {
		l.enqueue(i)
	} else if now < l.end {
		l.send(i, len(s.flights), now, now)
	}
	return nil
}

func (l *eventLoop) watch(op, i int, events uint32) {
	ev := unix.EpollEvent{Events: events, Fd: int32(i)}
	if err := unix.EpollCtl(l.epfd, op, l.sockets[i].fd, &ev); err != nil {
		l.lose(i, err)
	}
}

// arrivals sends every request that is due, as long as there are connections to send them on.
func (l *eventLoop) arrivals(now int64) {
	if l.Rate == 0 || now >= l.end+int64(l.Timeout) {
		return
	}
	for l.arrival < l.planned && !l.queue.empty() {
		due := int64(Pacer{l.Rate}.Due(l.arrival))
		if due > now {
			return
		}
		i := l.queue.pop()
		s := &l.sockets[i]
		s.queued = false
		if s.fd < 0 {
			continue
		}
		l.arrival += l.stride
		l.next.Add(1)
		now = l.now() // earlier requests of this loop have taken time
		l.send(i, 1, due, now)
		if s.fd >= 0 && s.room() {
			l.enqueue(i)
		}
	}
}

// resume sends on every socket that has waited for the turn of its loop.
func (l *eventLoop) resume(now int64) {
	if l.Turns == nil || now >= l.end || !l.Turns.Mine(now) {
		return
	}
	for !l.queue.empty() {
		i := l.queue.pop()
		s := &l.sockets[i]
		s.queued = false
		if s.fd >= 0 && s.room() {
			l.send(i, len(s.flights)-s.n, now, now)
		}
	}
}

func (l *eventLoop) enqueue(i int) {
	if s := &l.sockets[i]; !s.queued {
		s.queued = true
		l.queue.push(i)
	}
}

// send writes n requests to a socket.
func (l *eventLoop) send(i, n int, due, now int64) {
	s := &l.sockets[i]
	for range n {
		s.push(due, now)
	}
	waits := s.unsent > 0
	if s.unsent += n * len(l.Request); waits {
		return // write sends it after the bytes that the kernel has not accepted
	}
	l.write(i)
	if s.fd >= 0 && s.unsent > 0 {
		l.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

// write writes as many of the unsent bytes as the kernel accepts. All requests are equal, so the
// unsent bytes are always the end of the repeated request.
func (l *eventLoop) write(i int) {
	s := &l.sockets[i]
	rest := l.many[len(l.many)-s.unsent:]
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(s.fd), uintptr(unsafe.Pointer(&rest[0])),
		uintptr(len(rest)))
	switch errno {
	case 0:
		s.unsent -= int(n)
	case unix.EAGAIN, unix.EINTR:
	default:
		l.lose(i, errno)
	}
}

// sweep gives up connections whose oldest request is overdue.
func (l *eventLoop) sweep(now int64) {
	for i := range l.sockets {
		if s := &l.sockets[i]; s.fd >= 0 && s.n > 0 &&
			now-s.flights[s.head].sent > int64(l.Timeout) {
			l.lose(i, fmt.Errorf("no answer after %v", l.Timeout))
		}
	}
}

// lose counts the requests in flight on a connection as failed and opens another in its place. A
// server may close a connection between requests (RFC 9112, section 9.5).
func (l *eventLoop) lose(i int, err error) {
	s := &l.sockets[i]
	if s.n > 0 || !errors.Is(err, io.EOF) {
		l.fail(reason(err), max(s.n, 1))
	} else {
		l.reconnects++
	}
	unix.Close(s.fd) // which also removes it from epoll
	s.fd, s.unsent = -1, 0
	s.reset(l.worker, l.now())
	l.redial(i, 0)
}

// redial opens a connection after a pause, without blocking the loop.
func (l *eventLoop) redial(i int, pause time.Duration) {
	l.dialing++
	go func() {
		time.Sleep(pause)
		fd, err := l.open()
		l.dialed <- dialed{i, fd, err}
	}()
}

func (l *eventLoop) redialed(d dialed) error {
	if d.err == nil {
		l.sockets[d.socket].fd = d.fd
		return l.ready(d.socket)
	}
	l.fail(reason(d.err), 1)
	if now := l.now(); now < l.end {
		l.redial(d.socket, 100*time.Millisecond)
	}
	return nil
}

// queue is a ring of sockets, each at most once.
type queue struct {
	ring    []int
	head, n int
}

func newQueue(n int) queue { return queue{ring: make([]int, n)} }

func (q *queue) empty() bool { return q.n == 0 }

func (q *queue) push(i int) {
	q.ring[(q.head+q.n)%len(q.ring)] = i
	q.n++
}

func (q *queue) pop() int {
	i := q.ring[q.head]
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return i
}
