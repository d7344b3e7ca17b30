package main

import (
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// logQueue is a writer that never blocks. What is written waits in memory until the file takes it.
// What does not fit is dropped as a whole and counted: a pipe that nobody reads must not stop the
// service.
type logQueue struct {
	file   *os.File
	delays [writeNow]time.Duration // of each kind but writeNow

	mu      sync.Mutex
	emptied *sync.Cond  // everything was written
	waiting []byte      // what was not handed to the file yet
	kind    logKind     // of what waits: the most urgent
	timer   *time.Timer // calls forward
	timed   logKind     // for which the timer was set; 0 where it was not
	writing bool        // a part that is not in waiting is on its way to the file
	spare   []byte      // what was written last, to be filled again
	flushes bool        // nothing gathers any more
	dropped uint64
	told    uint64 // how many of these were reported
	// report logs that writes were dropped, once there is room again; nil before newLogger.
	report func(dropped uint64)
}

// logKind is for how long lines gather before they are written. To write each by itself would cost
// the event loops far more than the line.
type logKind int

const (
	accessLine logKind = iota + 1
	logLine
	writeNow // more than a quarter of what the queue has room for, or the end
)

// logDelays is for how long lines of each kind gather.
var logDelays = [writeNow]time.Duration{accessLine: time.Second / 4, logLine: 20 * time.Millisecond}

// maxQueue is how many bytes wait for the file at most. A pipe in Linux holds 64 KiB more.
const maxQueue = 256 << 10

func newLogQueue(file *os.File, delays [writeNow]time.Duration) *logQueue {
	q := &logQueue{file: file, delays: delays}
	q.emptied = sync.NewCond(&q.mu)
	q.timer = time.AfterFunc(math.MaxInt64, q.forward)
	return q
}

// Write queues p, or drops it. It never fails.
func (q *logQueue) Write(p []byte) (int, error) { return q.queue(p, logLine) }

// accessLog is where lines of the access log are written to: a queue that takes its time.
type accessLog struct{ *logQueue }

// Write queues p, or drops it. It never fails.
func (a accessLog) Write(p []byte) (int, error) { return a.queue(p, accessLine) }

func (q *logQueue) queue(p []byte, kind logKind) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(p) > maxQueue {
		q.dropped++
		return len(p), nil
	}
	q.waiting = append(q.waiting, p...)
	q.kind = max(q.kind, kind)
	q.setTimer()
	return len(p), nil
}

// setTimer has forward called when what waits is due. The lock is held.
func (q *logQueue) setTimer() {
	if q.writing || len(q.waiting) == 0 {
		return // forward calls it again
	}
	kind := q.kind
	if len(q.waiting) > maxQueue/4 || q.flushes {
		kind = writeNow
	}
	if kind > q.timed {
		q.timed = kind
		delay := time.Duration(0)
		if kind < writeNow {
			delay = q.delays[kind]
		}
		q.timer.Reset(delay)
	}
}

// forward writes to the file what is queued. It blocks where the file does.
func (q *logQueue) forward() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing || len(q.waiting) == 0 {
		q.timed = 0
		return
	}
	batch := q.waiting
	q.waiting, q.kind, q.timed, q.writing = q.spare[:0], 0, 0, true
	q.mu.Unlock()
	_, err := q.file.Write(batch)
	q.mu.Lock()
	q.spare, q.writing = batch, false
	if err != nil { // the reader went away
		q.dropped++
	} else if n := q.dropped - q.told; n > 0 && q.report != nil {
		q.told += n
		q.mu.Unlock()
		q.report(n)
		q.mu.Lock()
	}
	if len(q.waiting) == 0 && !q.writing {
		q.emptied.Broadcast()
	}
	q.setTimer()
}

// Dropped returns how many writes were dropped.
func (q *logQueue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Flush writes what waits, and waits until that was done, and no longer than the timeout.
func (q *logQueue) Flush(timeout time.Duration) {
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

// newLogger logs text for people and JSON for programs. Whatever logs by itself, as net/http does,
// logs there too.
func newLogger(q *logQueue) *slog.Logger {
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
