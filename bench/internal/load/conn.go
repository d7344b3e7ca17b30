package load

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// flight is one request that is not answered yet.
type flight struct{ due, sent, lag int64 }

// conn is one connection as both loops see it: the requests in flight, and the part of a response that came in.
type conn struct {
	flights []flight // a ring: answers come in the order of the requests
	head, n int
	part    []byte
	need    int   // the size part must have before it is worth parsing
	free    int64 // when it last could take a request
	checkAt int64 // when the next body is due to be checked in full
}

// checkEvery is a little under the second that is promised, since a connection is not asked at fixed times.
const checkEvery = int64(900 * time.Millisecond)

var errUnasked = errors.New("a response that nothing asked for")

func (c *conn) room() bool { return c.n < len(c.flights) }

// push notes a request that is about to be written.
func (c *conn) push(due, now int64) {
	lag := now - max(due, c.free)
	c.flights[(c.head+c.n)%len(c.flights)] = flight{due, now, lag}
	c.n++
}

// take takes data that was read at now as far as it holds whole responses, and says how many, and whether the server
// will close the connection. Of its errors none leaves a usable connection.
func (c *conn) take(w *worker, data []byte, now int64) (answered int, closes bool, err error) {
	if len(c.part) > 0 {
		c.part = append(c.part, data...)
		if data = c.part; len(data) < c.need {
			return 0, false, nil
		}
	}
	for len(data) > 0 {
		r, need, err := parse(data)
		if err != nil {
			return answered, false, err
		}
		if need > 0 {
			c.need = need
			break
		}
		if c.n == 0 {
			return answered, false, errUnasked
		}
		f := c.flights[c.head]
		c.head = (c.head + 1) % len(c.flights)
		c.n--
		c.free = now
		w.emit(Sample{Due: f.due, Sent: f.sent, Done: now, Lag: f.lag, Bytes: uint32(r.size), Code: uint16(r.code)})
		w.judge(c, &r, now)
		answered++
		closes = closes || r.closes
		data = data[r.size:]
	}
	c.part = append(c.part[:0], data...)
	return answered, closes, nil
}

// reset gives up what was in flight on a connection that is gone.
func (c *conn) reset(w *worker, now int64) {
	for ; c.n > 0; c.n-- {
		f := c.flights[c.head]
		c.head = (c.head + 1) % len(c.flights)
		w.emit(Sample{Due: f.due, Sent: f.sent, Done: now, Lag: f.lag})
	}
	c.head, c.part = 0, c.part[:0]
}

// failure is a reason a request failed, with a number where the reason has one. It is made without formatting: a
// server that fails every request does so very often.
type failure struct {
	reason string // with a verb for n where n is not 0
	n      int
}

func (f failure) String() string {
	if f.n == 0 {
		return f.reason
	}
	return fmt.Sprintf(f.reason, f.n)
}

// reason is what to call the error of a connection.
func reason(err error) failure {
	if errors.Is(err, io.EOF) {
		return failure{reason: "the server closed the connection before it answered"}
	}
	return failure{reason: err.Error()}
}

// worker is what a loop keeps for itself.
type worker struct {
	*run
	block      []Sample
	failures   map[failure]int64
	reconnects int64
	busy       float64
	flushAt    int64
}

// flushEvery is how often samples are handed over, at the least.
const flushEvery = int64(100 * time.Millisecond)

func (r *run) worker(block int) *worker {
	return &worker{run: r, block: make([]Sample, 0, block), failures: map[failure]int64{}}
}

func (w *worker) fail(f failure, n int) { w.failures[f] += int64(n) }

// emit notes a request that is done with.
func (w *worker) emit(s Sample) {
	if w.block = append(w.block, s); len(w.block) == cap(w.block) {
		w.flush()
	}
}

func (w *worker) flush() {
	if len(w.block) == 0 {
		return
	}
	size := cap(w.block)
	w.blocks <- w.block
	select {
	case w.block = <-w.free:
		w.block = w.block[:0]
	default:
		w.block = make([]Sample, 0, size)
	}
}

// judge checks a response. One that is wrong is still a sample: it took its time.
func (w *worker) judge(c *conn, r *response, now int64) {
	if r.code < 200 || r.code > 299 {
		w.fail(failure{"status %d", r.code}, 1)
		return
	}
	if w.Length >= 0 && len(r.body) != w.Length {
		w.fail(failure{fmt.Sprintf("a body of %%d bytes where %d are right", w.Length), len(r.body)}, 1)
		return
	}
	if w.Check != nil && now >= c.checkAt {
		c.checkAt = now + checkEvery
		if err := w.Check(r.body, w.start.Add(time.Duration(now))); err != nil {
			w.fail(failure{reason: err.Error()}, 1)
		}
	}
}
