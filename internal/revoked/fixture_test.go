package revoked

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"
)

// logBuffer is where a test's set logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// open opens a set for the time of a test.
func open(tb testing.TB, c Config) (*Set, *logBuffer) {
	tb.Helper()
	log := new(logBuffer)
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	if c.Now == nil {
		c.Now = newClock(testTime).now
	}
	s, err := Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s, log
}

func revoke(tb testing.TB, s *Set, i int) {
	tb.Helper()
	if err := s.Revoke(context.Background(), id(i), testUntil); err != nil {
		tb.Fatal(err)
	}
}

// await waits until a condition holds.
func await(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("it never happens: ", what)
		}
	}
}

func read(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func write(tb testing.TB, name, data string) {
	tb.Helper()
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// lines is a file of sessions that are revoked for a while.
func lines(ids ...int) string {
	data := []byte(header)
	for _, i := range ids {
		data = appendLine(data, id(i), testUntil)
	}
	return string(data)
}
