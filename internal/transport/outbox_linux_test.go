package transport

import (
	"testing"

	"golang.org/x/sys/unix"
)

// fullConn is a connection whose socket takes nothing more.
func fullConn(t *testing.T) *conn {
	t.Helper()
	c := &conn{}
	c.fd, _ = socketPair(t)
	for errno := error(nil); errno == nil; _, errno = unix.Write(c.fd, make([]byte, 1<<10)) {
	}
	return c
}

// TestOutboxOrder: answers of a connection that has several turns between two flushes stay in
// order, even if the socket does not take the first ones, and another's do not go in between.
func TestOutboxOrder(t *testing.T) {
	t.Run("a call each", func(t *testing.T) { testOutboxOrder(t, nil) })
	t.Run("ring", func(t *testing.T) { testOutboxOrder(t, testRing(t)) })
}

func testOutboxOrder(t *testing.T, r *ring) {
	a, b := fullConn(t), fullConn(t)
	o := outbox{answered: []answered{{a, 1}, {b, 2}}, to: b, ring: r}
	if o.isBatch() != (r != nil) {
		t.Errorf("a ring sends an answer each to two connections: %v", o.isBatch())
	}
	if o.answered = append(o.answered, answered{a, 3}); o.isBatch() {
		t.Error("a ring sends two answers of one connection: the second may overtake the first")
	}
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
