package load_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"videotoken/bench/internal/load"
)

const body = `{"ask":"this"}`

// collect runs a load on both loops and hands over what each left.
func collect(t *testing.T, url string, l load.Load,
	check func(t *testing.T, o *load.Outcome, samples []load.Sample)) {
	t.Helper()
	for _, portable := range []bool{false, true} {
		t.Run(fmt.Sprintf("portable=%v", portable), func(t *testing.T) {
			l.Portable = portable
			target, err := load.NewTarget("POST", url, []string{"Content-Type: application/json"},
				[]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			var samples []load.Sample
			o, err := load.Run(t.Context(), target, l, func(s []load.Sample) {
				samples = append(samples, s...)
			})
			if err != nil {
				t.Fatal(err)
			}
			check(t, o, samples)
		})
	}
}

// TestUnix has both loops speak to a Unix socket.
func TestUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(echo)}}
	s.Start()
	defer s.Close()
	for _, rate := range []float64{0, 500} {
		l := load.Load{Connections: 5, Rate: rate, Duration: 200 * time.Millisecond, Length: 5}
		collect(t, "unix:"+path+":/", l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
			if len(o.Failures) > 0 || len(samples) < 50 {
				t.Errorf("rate %v: %d samples, failures %v", rate, len(samples), o.Failures)
			}
		})
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil || string(b) != body {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, "right")
}

func TestClosed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	l := load.Load{Connections: 20, Workers: 2, Pipelining: 3, Warmup: 100 * time.Millisecond,
		Duration: 400 * time.Millisecond, Length: 5}
	var begun, ended atomic.Int32
	l.Begin, l.End = func() { begun.Add(1) }, func() { ended.Add(1) }
	var checks atomic.Int64
	l.Check = func(b []byte, _ time.Time) error {
		checks.Add(1)
		if string(b) != "right" {
			return errors.New("not right")
		}
		return nil
	}
	collect(t, s.URL, l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
		if len(o.Failures) > 0 || len(samples) < 100 {
			t.Errorf("%d samples, failures %v", len(samples), o.Failures)
		}
		for _, s := range samples {
			if s.Sent > s.Done || s.Due != s.Sent || s.Code != 200 || s.Bytes < 100 {
				t.Fatalf("%+v", s)
			}
		}
		if begun.Swap(0) != 1 || ended.Swap(0) != 1 {
			t.Error("Begin and End are not called once each")
		}
		if n := checks.Swap(0); n < 20 || n > 40 { // one a connection: the run is shorter than a second
			t.Errorf("%d checks of 20 connections", n)
		}
		if o.CPU <= 0 || o.Busy <= 0 {
			t.Errorf("the generator spent %v, busy %v", o.CPU, o.Busy)
		}
	})
}

func TestOpen(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	l := load.Load{Connections: 10, Workers: 2, Rate: 500, Duration: time.Second, Length: -1}
	collect(t, s.URL, l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
		if len(o.Failures) > 0 || len(samples) != 500 {
			t.Fatalf("%d samples of 500, failures %v", len(samples), o.Failures)
		}
		due := map[int64]bool{}
		for _, s := range samples {
			due[s.Due] = true
			if s.Sent < s.Due || s.Done < s.Sent || s.Lag > s.Sent-s.Due || s.Lag < 0 {
				t.Fatalf("%+v", s)
			}
		}
		for i := range int64(500) {
			if !due[int64(load.Pacer{Rate: 500}.Due(i))] {
				t.Fatalf("nothing was sent for arrival %d", i)
			}
		}
	})
}

// TestParts has a response come in many parts, and many responses in one.
func TestParts(t *testing.T) {
	url := raw(t, func(c net.Conn, n int) bool {
		for _, part := range []string{right[:9], right[9:30], right[30 : len(right)-1],
			right[len(right)-1:]} {
			if !say(c, part) {
				return false
			}
			if n%8 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		return true
	})
	l := load.Load{Connections: 4, Pipelining: 5, Duration: 200 * time.Millisecond, Length: 5}
	collect(t, url, l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
		if len(o.Failures) > 0 || len(samples) < 50 {
			t.Errorf("%d samples, failures %v", len(samples), o.Failures)
		}
	})
}

// TestLarge has requests that no socket buffer holds.
func TestLarge(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 8<<20)
	url := raw(t, func(c net.Conn, _ int) bool { return say(c, right) })
	for _, portable := range []bool{false, true} {
		target, err := load.NewTarget("POST", url, nil, big)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		o, err := load.Run(t.Context(), target,
			load.Load{Connections: 2, Duration: 300 * time.Millisecond, Length: 5, Portable: portable},
			func(s []load.Sample) { n += len(s) })
		if err != nil || len(o.Failures) > 0 || n < 2 {
			t.Errorf("portable %v: %d samples, outcome %+v, error %v", portable, n, o, err)
		}
	}
}

// TestOrderlyClose has a server end its connections between requests, which it may.
func TestOrderlyClose(t *testing.T) {
	url := raw(t, func(c net.Conn, n int) bool {
		if n < 4 {
			return say(c, right)
		}
		say(c, strings.Replace(right, "Content", "Connection: close\r\nContent", 1))
		return false
	})
	l := load.Load{Connections: 4, Duration: 300 * time.Millisecond, Length: 5}
	collect(t, url, l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
		if len(o.Failures) > 0 || o.Reconnects == 0 || len(samples) < 10 {
			t.Errorf("%d samples, outcome %+v", len(samples), o)
		}
	})
}

// TestAllocations counts what a request costs the generator, against a server in the same process
// that allocates nothing either.
func TestAllocations(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target, err := load.NewTarget("POST", "http://"+l.Addr().String(), nil, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf, answer := make([]byte, len(target.Request)), []byte(right)
				for {
					if _, err := io.ReadFull(c, buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	for _, portable := range []bool{false, true} {
		var before, after runtime.MemStats
		n := 0
		run := load.Load{Connections: 50, Warmup: 200 * time.Millisecond, Duration: time.Second,
			Length: 5, Portable: portable,
			Check: func([]byte, time.Time) error { return nil },
			Begin: func() { runtime.ReadMemStats(&before) }, End: func() { runtime.ReadMemStats(&after) }}
		o, err := load.Run(t.Context(), target, run, func(s []load.Sample) { n += len(s) })
		if err != nil || len(o.Failures) > 0 {
			t.Fatal(o, err)
		}
		if per := float64(after.Mallocs-before.Mallocs) / float64(n); per > 0.05 {
			t.Errorf("portable %v: %.3f allocations a request over %d requests, want none", portable, per, n)
		}
	}
}
