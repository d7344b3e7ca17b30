package stack

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Exchange is a question that an edge asked and the service's answer.
type Exchange struct {
	Target string // of the request line
	Header http.Header
	Body   bool // the question announces a body: it is not passed on, and has no answer
	Status int
	Path   string // X-Token-Path of the answer
	Reason string // X-Token-Reason of the answer

	Asked, Answered time.Time
}

// URI is the original URI as the edge passed it on.
func (x Exchange) URI() string {
	return x.Header.Get("X-Original-Uri") + x.Header.Get("X-Forwarded-Uri")
}

// Recorder stands between the edges and the service, passes every byte on as it is, and keeps the
// questions and the heads of the answers.
type Recorder struct {
	Addr string // a host and port, or the path of a Unix socket
	dial func() (net.Conn, error)
	l    net.Listener

	mu        sync.Mutex
	exchanges []Exchange
	watch     func(Exchange)
	instead   string // what it answers by itself
	accepted  int
	open      map[net.Conn]bool
}

func (s *Stack) newRecorder() (*Recorder, error) {
	network, listen, service := "tcp", "127.0.0.1:0", s.Service
	if s.opt.Unix {
		network, listen, service = "unix", filepath.Join(s.Dir, "recorder.sock"), s.socket()
	}
	l, err := net.Listen(network, listen)
	if err != nil {
		return nil, err
	}
	dial := func() (net.Conn, error) { return net.Dial(network, service) }
	r := &Recorder{Addr: l.Addr().String(), dial: dial, l: l, open: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.accepted++
			r.open[c] = true
			r.mu.Unlock()
			go r.serve(c)
		}
	}()
	return r, nil
}

// Take returns the exchanges since the last call.
func (r *Recorder) Take() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.exchanges
	r.exchanges = nil
	return x
}

// Watch has a function called with each exchange from now on. Take returns no more of them: whoever
// watches for hours does not fill the memory.
func (r *Recorder) Watch(watch func(Exchange)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch = watch
}

// AnswerWith has questions answered with a text instead of asking the service, as by a wrong
// upstream. "" ends that.
func (r *Recorder) AnswerWith(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instead = text
}

// Connections returns how many connections the edges have opened so far.
func (r *Recorder) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted
}

// Close ends every connection.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Close()
	}
	return r.l.Close()
}

func (r *Recorder) serve(edge net.Conn) {
	defer func() {
		_ = edge.Close()
		r.mu.Lock()
		delete(r.open, edge)
		r.mu.Unlock()
	}()
	service, err := r.dial()
	if err != nil {
		return // the service is down, and so is the connection to it
	}
	defer service.Close()
	var asked, answered bytes.Buffer
	questions := bufio.NewReader(io.TeeReader(edge, &asked))
	answers := bufio.NewReader(io.TeeReader(service, &answered))
	for {
		req, err := http.ReadRequest(questions)
		if err != nil {
			return
		}
		x := Exchange{Target: req.RequestURI, Header: req.Header, Asked: time.Now()}
		if x.Body = req.ContentLength != 0 || req.Header.Get("Content-Length") != ""; x.Body {
			r.keep(x) // it may never come
			return
		}
		r.mu.Lock()
		instead := r.instead
		r.mu.Unlock()
		if instead != "" {
			asked.Reset()
			r.keep(x)
			if _, err := io.WriteString(edge, instead); err != nil {
				return
			}
			continue
		}
		if _, err := asked.WriteTo(service); err != nil {
			return
		}
		res, err := http.ReadResponse(answers, req)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return
		}
		x.Status, x.Answered = res.StatusCode, time.Now()
		x.Path, x.Reason = res.Header.Get("X-Token-Path"), res.Header.Get("X-Token-Reason")
		r.keep(x)
		if _, err := answered.WriteTo(edge); err != nil {
			return
		}
	}
}

func (r *Recorder) keep(x Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watch != nil {
		r.watch(x)
		return
	}
	r.exchanges = append(r.exchanges, x)
}
