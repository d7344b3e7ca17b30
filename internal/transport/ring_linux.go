package transport

import (
	"errors"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring receives from many sockets, or sends to many, in one system call (io_uring(7)). That saves
// most of the cost of entering the kernel, which is a tenth of a request's, and more in a virtual
// machine. Every operation has MSG_DONTWAIT: it is done within the call or fails with EAGAIN, as
// recvfrom(2) and sendto(2) do. So nothing is under way between two calls, and the buffers belong
// to the caller again.
type ring struct {
	fd     int
	queues []byte // which the kernel shares
	table  []byte // the operations, which the kernel reads

	added      *uint32 // the tail of the queue of operations
	operations []operation
	taken      *uint32 // the head of the queue of completions
	done       *uint32 // its tail
	completed  []completion

	n       uint32  // the operations since the last call of do
	results []int32 // of the last call of do
}

// operation is a struct io_uring_sqe.
type operation struct {
	code    uint8
	_       [3]uint8
	fd      int32
	_       uint64
	address uint64
	length  uint32
	flags   uint32 // as for recv(2) and send(2)
	number  uint64
	_       [24]uint8
}

// completion is a struct io_uring_cqe.
type completion struct {
	number uint64 // of the operation
	result int32
	_      uint32
}

// ringParams is a struct io_uring_params: sizes and offsets into what the kernel shares.
type ringParams struct {
	entries, completions, flags, cpu, idle, features, workers uint32

	_          [3]uint32
	operations struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	completed struct {
		head, tail, mask, entries, overflow, array, flags, _ uint32
		_                                                    uint64
	}
}

// What of io_uring.h is used.
const (
	ringOperations = 0x10000000 // the offset of the operations, for mmap(2)
	ringWait       = 1 << 0     // IORING_ENTER_GETEVENTS
	ringSend       = 26         // IORING_OP_SEND
	ringReceive    = 27         // IORING_OP_RECV

	// A kernel with these features has one mapping for both queues, and never has an operation with
	// MSG_DONTWAIT wait in the background: Linux 6.0 and later.
	ringSingleMapping = 1 << 0
	ringLinkedFile    = 1 << 12
)

// newRing makes a ring for n operations in a call, a power of two. It fails with kernels before
// Linux 6.0, and where io_uring is forbidden, as in many containers.
func newRing(n int) (*ring, error) {
	var p ringParams
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, uintptr(n),
		uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, errno
	}
	r := &ring{fd: int(fd), results: make([]int32, n)}
	unix.CloseOnExec(r.fd)
	if err := r.open(&p); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// open maps the queues, and tries them.
func (r *ring) open(p *ringParams) error {
	const features = ringSingleMapping | ringLinkedFile
	if p.features&features != features {
		return errors.ErrUnsupported
	}
	size := max(p.operations.array+p.entries*4,
		p.completed.array+p.completions*uint32(unsafe.Sizeof(completion{})))
	var err error
	if r.queues, err = r.share(0, size); err != nil {
		return err
	}
	if r.table, err = r.share(ringOperations,
		p.entries*uint32(unsafe.Sizeof(operation{}))); err != nil {
		return err
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.queues[offset])) }
	r.added, r.taken, r.done = at(p.operations.tail), at(p.completed.head), at(p.completed.tail)
	r.operations = unsafe.Slice((*operation)(unsafe.Pointer(&r.table[0])), p.entries)
	r.completed = unsafe.Slice((*completion)(unsafe.Pointer(&r.queues[p.completed.array])),
		p.completions)
	for i, order := uint32(0), unsafe.Slice(at(p.operations.array), p.entries); i < p.entries; i++ {
		order[i] = i
	}
	return r.try()
}

func (r *ring) share(offset int64, size uint32) ([]byte, error) {
	return unix.Mmap(r.fd, offset, int(size), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_SHARED|unix.MAP_POPULATE)
}

// try fails if operations do not complete within a call.
func (r *ring) try() error {
	pair, err := unix.Socketpair(unix.AF_UNIX,
		unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pair[0]) //nolint:errcheck // nothing depends on it
	defer unix.Close(pair[1]) //nolint:errcheck // nothing depends on it
	b := make([]byte, 1)
	r.receive(pair[0], b)
	r.send(pair[1], b)
	r.publish()
	_, _ = r.enter(2, 0)
	if atomic.LoadUint32(r.done)-*r.taken != 2 {
		return errors.ErrUnsupported
	}
	r.take(2)
	r.n = 0
	if r.results[0] != -int32(unix.EAGAIN) || r.results[1] != 1 {
		return errors.ErrUnsupported
	}
	return nil
}

func (r *ring) close() {
	for _, b := range [][]byte{r.queues, r.table} {
		if b != nil {
			_ = unix.Munmap(b)
		}
	}
	_ = unix.Close(r.fd)
}

// receive adds an operation that receives into b, which must be on the heap. There must be room for
// the operation.
func (r *ring) receive(fd int, b []byte) { r.add(ringReceive, fd, b, unix.MSG_DONTWAIT) }

// send adds an operation that sends b, as receive does.
func (r *ring) send(fd int, b []byte) {
	r.add(ringSend, fd, b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

func (r *ring) add(code uint8, fd int, b []byte, flags uint32) {
	o := &r.operations[(*r.added+r.n)&uint32(len(r.operations)-1)]
	*o = operation{
		code: code, fd: int32(fd), address: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))),
		length: uint32(len(b)),
		flags:  flags, number: uint64(r.n),
	}
	r.n++
}

// do does the operations that were added since the last call. It returns the result of each, in
// order: how many bytes it received or sent, or the number of its error, negative. They are valid
// until the next call.
func (r *ring) do() []int32 {
	r.publish()
	left := r.n
	for left > 0 {
		m, errno := r.enter(left, 0)
		if errno != 0 && errno != unix.EINTR { // the kernel has no memory for more now
			break
		}
		left -= m
	}
	n := r.n
	r.take(n - left)
	r.doEach(left)
	r.n = 0
	return r.results[:n]
}

// publish lets the kernel see the operations that were added.
func (r *ring) publish() { atomic.StoreUint32(r.added, *r.added+r.n) }

// enter has the kernel do n operations, and wait for so many completions. It returns how many
// operations it took.
func (r *ring) enter(n, completions uint32) (uint32, syscall.Errno) {
	flags := uintptr(0)
	if completions > 0 {
		flags = ringWait
	}
	m, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(n),
		uintptr(completions), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint32(m), 0
}

// take takes n results out of the queue.
func (r *ring) take(n uint32) {
	for n > 0 {
		head, tail := *r.taken, atomic.LoadUint32(r.done)
		if head == tail { // try found that this does not happen
			_, _ = r.enter(0, n)
			continue
		}
		n -= tail - head
		for ; head != tail; head++ {
			c := &r.completed[head&uint32(len(r.completed)-1)]
			r.results[c.number] = c.result
		}
		atomic.StoreUint32(r.taken, head)
	}
}

// doEach takes the last n operations back, and does each with a system call of its own.
func (r *ring) doEach(n uint32) {
	first := *r.added - n
	atomic.StoreUint32(r.added, first)
	for i := range n {
		o := &r.operations[(first+i)&uint32(len(r.operations)-1)]
		call := uintptr(unix.SYS_SENDTO)
		if o.code == ringReceive {
			call = unix.SYS_RECVFROM
		}
		m, _, errno := syscall.RawSyscall6(call, uintptr(o.fd), uintptr(o.address),
			uintptr(o.length), uintptr(o.flags), 0, 0)
		if r.results[o.number] = int32(m); errno != 0 {
			r.results[o.number] = -int32(errno)
		}
	}
}
