package load_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"videotoken/bench/internal/load"
)

// TestUnsent asks for more than a server answers, which is the first request of each connection:
// what was due and never sent is a failure.
func TestUnsent(t *testing.T) {
	ended := make(chan struct{})
	defer close(ended)
	url := raw(t, func(c net.Conn, n int) bool {
		if n == 0 {
			return say(c, right)
		}
		<-ended
		return false
	})
	l := load.Load{Connections: 2, Rate: 200, Duration: 500 * time.Millisecond,
		Timeout: 300 * time.Millisecond, Length: 5}
	collect(t, url, l, func(t *testing.T, o *load.Outcome, samples []load.Sample) {
		unsent := o.Failures["due and never sent: every connection was busy to the end"]
		if n := unsent + int64(len(samples)); unsent < 50 || n != 100 {
			t.Errorf("%d samples, failures %v: together %d of 100", len(samples), o.Failures, n)
		}
		for _, s := range samples {
			if s.Lag > s.Sent-s.Due {
				t.Errorf("%+v: the wait for a connection is counted as the generator's", s)
			}
		}
	})
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	target, err := load.NewTarget("GET", "http://"+l.Addr().String(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Run(t.Context(), target, load.Load{Connections: 2, Duration: time.Second},
		func([]load.Sample) {}); err == nil {
		t.Error("no error")
	}
	for _, l := range []load.Load{{}, {Connections: 1}, {Connections: 1, Duration: 1, Rate: -1}} {
		if _, err := load.Run(t.Context(), target, l, nil); !errors.Is(err, load.ErrLoad) {
			t.Errorf("%+v: error %v", l, err)
		}
	}
}

func TestCancel(t *testing.T) {
	url := raw(t, func(c net.Conn, n int) bool { return say(c, right) })
	target, err := load.NewTarget("GET", url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, portable := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		start := time.Now()
		_, err := load.Run(ctx, target, load.Load{Connections: 5, Duration: time.Minute, Length: 5,
			Portable: portable}, func([]load.Sample) {})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 30*time.Second {
			t.Errorf("portable %v: error %v after %v", portable, err, time.Since(start))
		}
	}
}
