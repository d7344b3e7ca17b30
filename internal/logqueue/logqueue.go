// Package logqueue has a writer for logs that never blocks: a pipe that nobody reads must not stop
// the program that logs to it.
//
// Most callers want [New] with standard error, [Queue.Logger] for what they log, and [Queue.Flush]
// before they end. They also ignore SIGPIPE: where the reader of standard error went away, Go ends
// the program otherwise.
package logqueue

import (
	"bytes"
	"io"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Queue is a writer that never blocks. What is written waits in memory until the file takes it.
// What does not fit is dropped as a whole and counted. It is safe for concurrent use.
type Queue struct {
	file   *os.File
	delays delays

	mu      sync.Mutex
	emptied *sync.Cond  // everything was written
	waiting []byte      // what was not handed to the file yet
	kind    kind        // of what waits: the most urgent
	timer   *time.Timer // calls forward
	timed   kind        // for which the timer was set; 0 where it was not
	writing bool        // a part that is not in waiting is on its way to the file
	spare   []byte      // what was written last, to be filled again
	flushes bool        // nothing gathers any more
	dropped uint64      // lines
	told    uint64      // how many of these were reported
	// report logs that lines were dropped, once there is room again; nil before Logger.
	report func(dropped uint64)
}

// kind is for how long lines gather before they are written. To write each by itself would cost the
// event loops far more than the line.
type kind int

const (
	accessLine kind = iota + 1
	logLine
	writeNow // more than a quarter of what the queue has room for, or the end
)

// delays is for how long lines of each kind but writeNow gather.
type delays [writeNow]time.Duration

var usual = delays{accessLine: time.Second / 4, logLine: 20 * time.Millisecond}

// maxQueue is how many bytes wait for the file at most. A pipe in Linux holds 64 KiB more.
const maxQueue = 256 << 10

// New makes a queue in front of a file.
func New(file *os.File) *Queue { return newQueue(file, usual) }

func newQueue(file *os.File, d delays) *Queue {
	q := &Queue{file: file, delays: d}
	q.emptied = sync.NewCond(&q.mu)
	q.timer = time.AfterFunc(math.MaxInt64, q.forward)
	return q
}

// Write queues p, or drops it. It never fails.
func (q *Queue) Write(p []byte) (int, error) { return q.add(p, logLine) }

// AccessLog returns a writer for the lines of an access log, which gather for longer.
func (q *Queue) AccessLog() io.Writer { return accessLog{q} }

type accessLog struct{ queue *Queue }

// Write queues p, or drops it. It never fails.
func (a accessLog) Write(p []byte) (int, error) { return a.queue.add(p, accessLine) }

func (q *Queue) add(p []byte, k kind) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(p) > maxQueue {
		q.dropped += lines(p)
		return len(p), nil
	}
	q.waiting = append(q.waiting, p...)
	q.kind = max(q.kind, k)
	q.setTimer()
	return len(p), nil
}

// setTimer has forward called when what waits is due. The lock is held.
func (q *Queue) setTimer() {
	if q.writing || len(q.waiting) == 0 {
		return // forward calls it again
	}
	k := q.kind
	if len(q.waiting) > maxQueue/4 || q.flushes {
		k = writeNow
	}
	if k > q.timed {
		q.timed = k
		delay := time.Duration(0)
		if k < writeNow {
			delay = q.delays[k]
		}
		q.timer.Reset(delay)
	}
}

// forward writes to the file what is queued. It blocks where the file does.
func (q *Queue) forward() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing || len(q.waiting) == 0 {
		q.timed = 0
		return
	}
	batch := q.waiting
	q.waiting, q.kind, q.timed, q.writing = q.spare[:0], 0, 0, true
	q.mu.Unlock()
	n, err := q.file.Write(batch)
	q.mu.Lock()
	q.spare, q.writing = batch, false
	if err != nil { // the reader went away
		q.dropped += lines(batch[n:])
	} else if untold := q.dropped - q.told; untold > 0 && q.report != nil {
		q.told += untold
		q.mu.Unlock()
		q.report(untold)
		q.mu.Lock()
	}
	if len(q.waiting) == 0 && !q.writing {
		q.emptied.Broadcast()
	}
	q.setTimer()
}

// lines returns how many lines end in b.
func lines(b []byte) uint64 { return uint64(bytes.Count(b, []byte{'\n'})) }

// Dropped returns how many lines were dropped.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Flush writes what waits, and waits until that was done, and no longer than the timeout.
func (q *Queue) Flush(timeout time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	over := false
	timer := time.AfterFunc(timeout, func() {
		q.mu.Lock()
		over = true
		q.mu.Unlock()
		q.emptied.Broadcast()
	})
	defer timer.Stop()
	q.flushes = true
	q.setTimer()
	for (len(q.waiting) > 0 || q.writing) && !over {
		q.emptied.Wait()
	}
}

// Logger logs text for people and JSON for programs. Whatever logs by itself, as net/http does,
// logs there too.
func (q *Queue) Logger() *slog.Logger {
	var handler slog.Handler = slog.NewJSONHandler(q, nil)
	if term.IsTerminal(int(q.file.Fd())) {
		handler = slog.NewTextHandler(q, nil)
	}
	logger := slog.New(handler)
	slog.SetDefault(logger)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.report = func(dropped uint64) {
		logger.Warn("log lines were dropped: nobody read them in time", "lines", dropped)
	}
	return logger
}
