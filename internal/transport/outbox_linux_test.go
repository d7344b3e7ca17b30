package transport

import (
	"testing"

	"golang.org/x/sys/unix"
)

// fullConn is a connection whose socket takes nothing more.
func fullConn(t *testing.T) *conn {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	for errno := error(nil); errno == nil; _, errno = unix.Write(pair[0], make([]byte, 1<<10)) {
	}
	return &conn{fd: pair[0]}
}

// TestOutboxOrder: answers of a connection that has several turns between two flushes stay in
// order, even if the socket does not take the first ones, and another's do not go in between.
func TestOutboxOrder(t *testing.T) {
	a, b := fullConn(t), fullConn(t)
	o := outbox{answered: []answered{{a, 1}, {b, 2}, {a, 3}}, to: b}
	if _, err := o.Write([]byte("1234")); err != nil {
		t.Fatal(err)
	}
	if u := o.take(a); string(u.unsent) != "13" || u.err != nil {
		t.Errorf("unsent of the first: %q, %v; want 13", u.unsent, u.err)
	}
	if u := o.take(b); string(u.unsent) != "24" || u.err != nil {
		t.Errorf("unsent of the second: %q, %v; want 24", u.unsent, u.err)
	}
	if len(o.undone) != 0 || o.failed(a) != nil {
		t.Errorf("%d are left", len(o.undone))
	}
}
