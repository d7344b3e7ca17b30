package load

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// flight is one request that is not answered yet.
type flight struct{ due, sent, lag int64 }

// conn is the state of a connection that both kinds of loops need: the requests in flight, and an
// incomplete response.
type conn struct {
	flights []flight // a ring buffer: answers arrive in the order of the requests
	head, n int
	part    []byte
	need    int   // the size that part must reach before it is parsed again
	free    int64 // when it last could take a request
	checkAt int64 // when the next body is due to be checked in full
}

// checkEvery is a little less than the documented second, since requests are not sent at fixed
// times.
const checkEvery = int64(900 * time.Millisecond)

var errUnasked = errors.New("a response that nothing asked for")

func (c *conn) room() bool { return c.n < len(c.flights) }

// push records a request that is about to be written.
func (c *conn) push(due, now int64) {
	lag := now - max(due, c.free)
	c.flights[(c.head+c.n)%len(c.flights)] = flight{due, now, lag}
	c.n++
}

// take consumes the whole responses in data, which was read at now. It returns how many there were
// and whether the server will close the connection. After an error the connection cannot be used
// any more.
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
		w.emit(Sample{Due: f.due, Sent: f.sent, Done: now, Lag: f.lag, Bytes: uint32(r.size),
			Code: uint16(r.code)})
		w.judge(c, &r, now)
		answered++
		closes = closes || r.closes
		data = data[r.size:]
	}
	c.part = append(c.part[:0], data...)
	return answered, closes, nil
}

// reset gives up the requests in flight on a lost connection.
func (c *conn) reset(w *worker, now int64) {
	for ; c.n > 0; c.n-- {
		f := c.flights[c.head]
		c.head = (c.head + 1) % len(c.flights)
		w.emit(Sample{Due: f.due, Sent: f.sent, Done: now, Lag: f.lag})
	}
	c.head, c.part = 0, c.part[:0]
}

// failure is the reason why a request failed, with a number if the reason has one. It is formatted
// only once, in the report, because a server can fail very often.
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

// reason turns the error of a connection into a failure.
func reason(err error) failure {
	if errors.Is(err, io.EOF) {
		return failure{reason: "the server closed the connection before it answered"}
	}
	return failure{reason: err.Error()}
}

// worker is the state of one loop that it shares with no other.
type worker struct {
	*run
	block      []Sample
	failures   map[failure]int64
	reconnects int64
	busy       float64
	flushAt    int64
}

// flushEvery is the longest time between two deliveries of samples.
const flushEvery = int64(100 * time.Millisecond)

func (r *run) worker(block int) *worker {
	return &worker{run: r, block: make([]Sample, 0, block), failures: map[failure]int64{}}
}

func (w *worker) fail(f failure, n int) { w.failures[f] += int64(n) }

// emit records a finished request.
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

// judge checks a response. A wrong one remains a sample with its latency.
func (w *worker) judge(c *conn, r *response, now int64) {
	if r.code < 200 || r.code > 299 {
		w.fail(failure{"status %d", r.code}, 1)
		return
	}
	if w.Length >= 0 && len(r.body) != w.Length {
		w.fail(failure{fmt.Sprintf("a body of %%d bytes where %d are right", w.Length),
			len(r.body)}, 1)
		return
	}
	if w.Check != nil && now >= c.checkAt {
		c.checkAt = now + checkEvery
		if err := w.Check(r.body, w.start.Add(time.Duration(now))); err != nil {
			w.fail(failure{reason: err.Error()}, 1)
		}
	}
}
