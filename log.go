package main

import (
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// logQueue is a writer that never blocks. What is written waits in memory until the file takes it.
// What does not fit is dropped as a whole and counted: a pipe that nobody reads must not stop the
// service.
type logQueue struct {
	file  *os.File
	batch time.Duration // how long lines gather after a write
	hurry chan struct{} // has room for one: the next batch is written at once

	mu      sync.Mutex
	filled  *sync.Cond // there is something to write
	emptied *sync.Cond // everything was written
	waiting []byte     // what was not handed to the file yet
	writing bool       // a part that is not in waiting is on its way to the file
	dropped uint64
	report  func(dropped uint64) // logs that writes were dropped, once there is room again; nil before newLogger
}

// maxQueue is how many bytes wait for the file at most. A pipe in Linux holds 64 KiB more.
const maxQueue = 256 << 10

// batchTime is how long lines gather after a write. To wake forward for each line would cost the event
// loops far more than the line. A quarter of maxQueue is written at once.
const batchTime = 20 * time.Millisecond

func newLogQueue(file *os.File, batch time.Duration) *logQueue {
	q := &logQueue{file: file, batch: batch, hurry: make(chan struct{}, 1)}
	q.filled, q.emptied = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	go q.forward()
	return q
}

// Write queues p, or drops it. It never fails.
func (q *logQueue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(p) > maxQueue {
		q.dropped++
	} else {
		q.waiting = append(q.waiting, p...)
		q.filled.Signal()
		if len(q.waiting) > maxQueue/4 {
			q.writeNow()
		}
	}
	return len(p), nil
}

// writeNow has forward wait for no more lines.
func (q *logQueue) writeNow() {
	select {
	case q.hurry <- struct{}{}:
	default:
	}
}

// forward writes to the file what is queued. It blocks where the file does.
func (q *logQueue) forward() {
	var batch []byte
	reported := uint64(0)
	q.mu.Lock()
	for {
		for len(q.waiting) == 0 {
			q.filled.Wait()
		}
		batch, q.waiting, q.writing = q.waiting, batch[:0], true
		q.mu.Unlock()
		_, err := q.file.Write(batch)
		q.mu.Lock()
		if q.writing = false; err != nil { // the reader went away
			q.dropped++
		} else if n := q.dropped - reported; n > 0 && q.report != nil {
			reported += n
			q.mu.Unlock()
			q.report(n)
			q.mu.Lock()
		}
		if len(q.waiting) == 0 {
			q.emptied.Broadcast()
		}
		q.mu.Unlock()
		select {
		case <-time.After(q.batch):
		case <-q.hurry:
		}
		q.mu.Lock()
	}
}

// Dropped returns how many writes were dropped.
func (q *logQueue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Flush waits until everything was written, and no longer than the timeout.
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
	q.writeNow()
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
