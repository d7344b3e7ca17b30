package transport

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// testRing returns a ring, nil where the kernel has none: the loops then work as without.
func testRing(t *testing.T) *ring {
	t.Helper()
	r, err := newRing(4)
	if err != nil {
		t.Log("there is no io_uring here:", err)
		return nil
	}
	t.Cleanup(r.close)
	return r
}

// socketPair returns two sockets that are connected.
func socketPair(t *testing.T) (a, b int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC,
		0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	return pair[0], pair[1]
}

// TestRing: each operation has the result of a call of its own, in order, however often the queues
// went round, and also where the kernel takes no operations for a while.
func TestRing(t *testing.T) {
	r := testRing(t)
	if r == nil {
		return
	}
	fd := r.fd
	t.Run("kernel", func(t *testing.T) { testResults(t, r) })
	r.fd = -1
	t.Run("refused", func(t *testing.T) { testResults(t, r) })
	r.fd = fd
	t.Run("again", func(t *testing.T) { testResults(t, r) })
}

func testResults(t *testing.T, r *ring) {
	t.Helper()
	full := fullConn(t).fd
	empty, _ := socketPair(t)
	left, right := socketPair(t)
	alone, gone := socketPair(t)
	if err := unix.Shutdown(gone, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	for i := range 3 * len(r.completed) {
		r.receive(empty, b)
		r.receive(alone, b)
		r.send(left, []byte("hello"))
		r.receive(right, b)
		want := []int32{-int32(unix.EAGAIN), 0, 5, 5}
		if got := r.do(); !slices.Equal(got, want) || string(b[:5]) != "hello" {
			t.Fatalf("call %d: results %d and %q; want %d and hello", i, got, b, want)
		}
		clear(b)
		r.send(full, b)
		r.send(alone, b)
		r.receive(-1, b)
		want = []int32{-int32(unix.EAGAIN), -int32(unix.EPIPE), -int32(unix.EBADF)}
		if got := r.do(); !slices.Equal(got, want) {
			t.Fatalf("call %d: results %d; want %d", i, got, want)
		}
	}
	if got := r.do(); len(got) != 0 {
		t.Errorf("nothing was asked, and the results are %d", got)
	}
}

// TestOutboxRing: where the ring sends, what one socket does not take is undone, and so is the
// error of another.
func TestOutboxRing(t *testing.T) {
	full, gone := fullConn(t), &conn{}
	var peer int
	gone.fd, peer = socketPair(t)
	if err := unix.Shutdown(peer, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	good := &conn{}
	var client int
	good.fd, client = socketPair(t)
	o := outbox{answered: []answered{{full, 1}, {gone, 2}, {good, 3}}, ring: testRing(t)}
	if _, err := o.Write([]byte("123")); err != nil {
		t.Fatal(err)
	}
	if u := o.take(full); string(u.unsent) != "1" || u.err != nil {
		t.Errorf("unsent of the full socket: %q, %v; want 1", u.unsent, u.err)
	}
	if u := o.take(gone); u.err != unix.EPIPE {
		t.Errorf("the error of the closed socket: %v; want %v", u.err, unix.EPIPE)
	}
	b := make([]byte, 8)
	if n, err := unix.Read(client, b); string(b[:max(n, 0)]) != "3" || err != nil {
		t.Errorf("the good socket got %q, %v; want 3", b[:max(n, 0)], err)
	}
	if len(o.undone) != 0 {
		t.Errorf("%d are left", len(o.undone))
	}
}
