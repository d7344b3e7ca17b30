package logqueue

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"
)

// never is for tests of lines that nothing but what is tested has written.
var never = delays{accessLine: time.Hour, logLine: time.Hour}

// newPipe is a queue in front of a pipe that nobody reads yet.
func newPipe(t *testing.T, d delays) (*Queue, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return newQueue(w, d), r
}

// TestQueue: whatever is written comes out in its order, and is there after Flush.
func TestQueue(t *testing.T) {
	q, r := newPipe(t, never)
	for _, s := range []string{"a\n", "b\n", "c\n"} {
		if n, err := io.WriteString(q, s); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	q.Flush(time.Hour)
	b := make([]byte, 100)
	if n, err := r.Read(b); string(b[:n]) != "a\nb\nc\n" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
	if q.Dropped() != 0 {
		t.Errorf("%d dropped", q.Dropped())
	}
}

// TestFull: where nobody reads, Write drops whole lines and counts them, and Flush gives up. Once
// somebody reads, every line that was not dropped is there, and then how many were.
func TestFull(t *testing.T) {
	q, r := newPipe(t, usual)
	logger := q.Logger()
	first := make([]byte, 128<<10) // more than a pipe holds: forward blocks
	_, _ = q.Write(first)
	for taken := false; !taken; time.Sleep(time.Millisecond) {
		q.mu.Lock()
		taken = q.writing
		q.mu.Unlock()
	}
	text := strings.Repeat("x", 1000)
	const lines = 1000 // more than the queue and the pipe have room for
	for range lines {
		logger.Info(text)
	}
	log.Print(text) // net/http does
	dropped := q.Dropped()
	if dropped == 0 || dropped > lines {
		t.Fatalf("%d of %d lines are dropped", dropped, lines)
	}
	q.Flush(time.Millisecond)
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	read := uint64(0)
	for s := bufio.NewScanner(r); s.Scan(); {
		var record struct {
			Msg   string
			Lines uint64
		}
		if err := json.Unmarshal(s.Bytes(), &record); err != nil {
			t.Fatalf("%v: %q", err, s.Text())
		}
		if record.Lines > 0 {
			if record.Lines != dropped || !strings.HasPrefix(record.Msg, "log lines were dropped") {
				t.Errorf("%+v, want %d", record, dropped)
			}
			break
		}
		if read++; record.Msg != text {
			t.Errorf("read %q", record.Msg)
		}
	}
	if read+dropped != lines+1 {
		t.Errorf("%d lines are read and %d dropped, of %d", read, dropped, lines+1)
	}
}

// TestReaderGone: each line that the file refuses is counted, and nothing waits for it.
func TestReaderGone(t *testing.T) {
	q, r := newPipe(t, never)
	_ = q.file.Close()
	_ = r.Close()
	for range 3 {
		_, _ = io.WriteString(q, "a\n")
	}
	q.Flush(time.Hour)
	if q.Dropped() != 3 {
		t.Errorf("%d dropped", q.Dropped())
	}
}

// TestGathers: lines are written once they are many, or once one of their kind may not wait any
// longer, and all that waits with it.
func TestGathers(t *testing.T) {
	line := strings.Repeat("x", 1023) + "\n"
	soon, later := never, never
	soon[logLine], later[accessLine] = time.Millisecond, time.Millisecond
	for _, c := range []struct {
		name         string
		delays       delays
		access, logs int
	}{
		{"many of the access log", never, maxQueue/4/len(line) + 1, 0},
		{"many", never, 0, maxQueue/4/len(line) + 1},
		{"one that may not wait, after two that may", soon, 2, 1},
		{"two of the access log, in their time", later, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, r := newPipe(t, c.delays)
			read := bufio.NewReader(r)
			for range 2 {
				for range c.access {
					_, _ = io.WriteString(q.AccessLog(), line)
				}
				for range c.logs {
					_, _ = io.WriteString(q, line)
				}
				for i := range c.access + c.logs {
					if got, err := read.ReadString('\n'); got != line {
						t.Fatalf("line %d: %q, %v", i+1, got, err)
					}
				}
			}
		})
	}
}
