package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const hasEpoll = true

// socket is a connection of an event loop.
type socket struct {
	conn
	fd     int  // -1 while it is not connected
	unsent int  // bytes of requests that the kernel has not accepted yet
	queued bool // it is in the loop's queue
}

// dialed is the result of opening a connection again.
type dialed struct {
	socket, fd int
	err        error
}

// eventLoop drives a share of the connections from one thread. It uses raw system calls, which do
// not inform the Go scheduler. Those on sockets never wait. epoll_pwait2 waits, and the loop keeps
// its processor meanwhile. If it informed the scheduler, the scheduler's monitor thread would take
// the processor away after 20 us, and wake every 20 us for some milliseconds to look for more. In
// an open loop that thread has a higher priority than the server (see realtime). It interrupted the
// server 50 times in a row, 40 times a second, and made the server's 99th percentile at 3300
// requests/s several times as long.
type eventLoop struct {
	*worker
	ctx     context.Context
	epfd    int
	sockets []socket
	queue   queue  // sockets that can take a request, the one that has waited longest first
	many    []byte // the request, repeated as often as may be in flight
	buf     []byte // the read buffer of all sockets
	events  []unix.EpollEvent
	arrival int64 // the index of this loop's next arrival; stride is the distance between two
	stride  int64
	first   bool // whether this is the first of the loops
	dialed  chan dialed
	dialing int
}

// epoll runs the load on one event loop for each worker. It closes clock when they start.
func (r *run) epoll(ctx context.Context, clock chan<- struct{}) ([]*worker, error) {
	loops := make([]*eventLoop, r.Workers)
	workers := make([]*worker, r.Workers)
	for i := range loops {
		l, err := r.eventLoop(ctx, i)
		if err != nil {
			return nil, err
		}
		defer l.close()
		loops[i], workers[i] = l, l.worker
	}
	if err := openAll(ctx, loops); err != nil {
		return nil, err
	}
	if r.Rate > 0 {
		realtime(true)
		defer realtime(false)
	}
	moreProcessors(r.Workers)
	defer moreProcessors(-r.Workers)
	r.start = time.Now()
	if r.Turns != nil {
		if late := r.start.Sub(r.Turns.Start); late > 0 {
			return nil, fmt.Errorf("%w: the connections were open %v after the first turn began",
				ErrLoad, late)
		}
		time.Sleep(time.Until(r.Turns.Start))
		r.start = r.Turns.Start
	}
	close(clock)
	stop := context.AfterFunc(ctx, func() { r.stopped.Store(true) })
	defer stop()
	var all sync.WaitGroup
	errs := make([]error, len(loops))
	for i, l := range loops {
		all.Go(func() { errs[i] = l.loop() })
	}
	all.Wait()
	return workers, errors.Join(errs...)
}

// moreProcessors lets n more goroutines run at a time, or fewer if n is negative. Each loop keeps a
// processor, and everything else needs some, too.
func moreProcessors(n int) {
	processors.Lock()
	defer processors.Unlock()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}

var processors sync.Mutex // runs may overlap

func (r *run) eventLoop(ctx context.Context, id int) (*eventLoop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	n := r.Connections / r.Workers
	if id < r.Connections%r.Workers {
		n++
	}
	l := &eventLoop{worker: r.worker(4096), ctx: ctx, epfd: epfd, sockets: make([]socket, n),
		queue: newQueue(n),
		buf:   make([]byte, 64<<10), events: make([]unix.EpollEvent, 256), arrival: int64(id),
		stride: int64(r.Workers), first: id == 0,
		dialed: make(chan dialed, n)}
	for range r.Pipelining {
		l.many = append(l.many, r.Request...)
	}
	for i := range l.sockets {
		l.sockets[i] = socket{fd: -1, conn: conn{flights: make([]flight, r.Pipelining)}}
	}
	return l, nil
}

// loop runs until all requests have been sent and answered.
func (l *eventLoop) loop() error {
	// The thread belongs to this loop alone and ends with it. So its CPU time is the loop's, and
	// the timer setting below affects no other thread.
	runtime.LockOSThread()
	defer l.flush()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // otherwise a sleep can end 50 us late
	for i := range l.sockets {
		if err := l.ready(i); err != nil {
			return err
		}
	}
	var busyFrom time.Duration
	begun, ended := false, false
	for {
		now := l.now()
		if now >= l.flushAt {
			l.flushAt = now + flushEvery
			l.flush()
			l.sweep(now)
		}
		if !begun && now >= int64(l.Warmup) {
			begun, busyFrom = true, threadCPU()
			l.mark()
		}
		if !ended && now >= l.end {
			ended, l.busy = true, (threadCPU()-busyFrom).Seconds()/l.Duration.Seconds()
			l.mark()
		}
		l.arrivals(now)
		l.resume(now)
		if l.stopped.Load() || l.finished(now) {
			return nil
		}
		n, err := l.wait(now)
		if err != nil {
			return err
		}
		for _, ev := range l.events[:n] {
			l.event(int(ev.Fd), ev.Events)
		}
	}
}

// mark calls Mark, on the first loop only.
func (l *eventLoop) mark() {
	if l.Mark != nil && l.first {
		l.Mark()
	}
}

// finished reports whether everything was sent and answered.
func (l *eventLoop) finished(now int64) bool {
	if now < l.end || l.Rate > 0 && l.arrival < l.planned && now < l.end+int64(l.Timeout) {
		return false
	}
	for i := range l.sockets {
		if l.sockets[i].n > 0 {
			return false // sweep gives it up after its timeout
		}
	}
	return true
}

// wait waits for events, the next arrival or the next flush, whichever is first, and returns the
// number of events.
func (l *eventLoop) wait(now int64) (int, error) {
	until := l.flushAt
	if l.Rate > 0 && l.arrival < l.planned && !l.queue.empty() {
		until = min(until, int64(Pacer{l.Rate}.Due(l.arrival)))
	}
	if l.Turns != nil {
		until = min(until, l.Turns.Next(now))
	}
	if l.dialing > 0 {
		until = min(until, now+int64(time.Millisecond))
		for more := true; more; {
			select {
			case d := <-l.dialed:
				l.dialing--
				if err := l.redialed(d); err != nil {
					return 0, err
				}
			default:
				more = false
			}
		}
	}
	ts := unix.NsecToTimespec(max(0, until-now)) // not long: until is flushAt at most
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epfd),
		uintptr(unsafe.Pointer(&l.events[0])),
		uintptr(len(l.events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	case unix.ENOSYS: // before Linux 5.11: whole milliseconds, so it polls through the last one
		ms := int(max(0, until-now) / int64(time.Millisecond))
		n, err := unix.EpollWait(l.epfd, l.events, ms)
		if err == unix.EINTR {
			return 0, nil
		}
		return max(n, 0), err
	default:
		return 0, fmt.Errorf("epoll: %w", errno)
	}
}

// event handles an event of a socket.
func (l *eventLoop) event(i int, events uint32) {
	s := &l.sockets[i]
	if s.fd < 0 {
		return
	}
	if events&unix.EPOLLOUT != 0 && s.unsent > 0 {
		l.write(i)
		if s.fd >= 0 && s.unsent == 0 {
			l.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLIN)
		}
	}
	if events&^unix.EPOLLOUT == 0 || s.fd < 0 {
		return
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&l.buf[0])),
		uintptr(len(l.buf)))
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return
	case errno != 0:
		l.lose(i, errno)
		return
	case n == 0:
		l.lose(i, io.EOF)
		return
	}
	now := l.now()
	answered, closes, err := s.take(l.worker, l.buf[:n], now)
	switch {
	case err != nil:
		l.lose(i, err)
	case closes:
		l.lose(i, io.EOF)
	case l.Rate == 0 && now < l.end:
		if answered == 0 {
			break
		}
		if l.Turns != nil && !l.Turns.Mine(now) {
			l.enqueue(i)
			break
		}
		l.send(i, answered, now, now)
	case l.Rate > 0:
		if answered > 0 {
			l.enqueue(i)
		}
		l.arrivals(now)
	}
}
