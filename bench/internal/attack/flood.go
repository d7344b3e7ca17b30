package attack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"videotoken/bench/internal/load"
)

// Flood is hostile clients: a closed loop of connections that send one request over and over, or
// what its Manner says. Answers of any status
// are taken, and connections that the service closes are opened again.
type Flood struct {
	URL         string
	Request     []byte // as it is written
	Connections int
	Pipelining  int // requests in flight on each connection
	// how the connections behave if they do not flood; then Pipelining has no meaning
	Manner Manner
}

// Flooded is what became of a flood.
type Flooded struct {
	Answers int64            // of any status
	Failed  map[string]int64 // by reason; a status other than 2xx is one
	Seconds float64
}

// longestFlood ends a flood whose parent does not.
const longestFlood = 2 * time.Minute

// ServeFlood is the process that floods: it reads a [Flood] from the first line of in, writes a
// line when every connection is open, and stops when in ends. Its last line is a [Flooded].
func ServeFlood(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("flood: the first line of the input: %w", err)
	}
	var f Flood
	if err := json.Unmarshal(line, &f); err != nil {
		return fmt.Errorf("flood: %w", err)
	}
	target, err := load.NewTarget("GET", f.URL, nil, nil)
	if err != nil {
		return err
	}
	target.Request = f.Request
	if f.Manner == Burst {
		return burst(ctx, f, target.Addr(), lines, out)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, lines) // its end is what counts
	}()
	if f.Manner != "" {
		done, err := besiege(ctx, f, target.Addr(), func() { fmt.Fprintln(out, "ready") })
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(done)
	}
	var done Flooded
	began := time.Now()
	l := load.Load{Connections: f.Connections, Pipelining: f.Pipelining, Duration: longestFlood,
		Length:  -1,
		Workers: runtime.NumCPU(), // so that the service is what is saturated
		Begin:   func() { began = time.Now(); fmt.Fprintln(out, "ready") }}
	outcome, err := load.Run(ctx, target, l, func(samples []load.Sample) {
		for _, s := range samples {
			if s.Code != 0 {
				done.Answers++
			}
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	done.Failed, done.Seconds = outcome.Failures, time.Since(began).Seconds()
	return json.NewEncoder(out).Encode(done)
}

// flooder is a process that floods.
type flooder struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// flood starts a flood and returns when every connection of it is open.
func (s *Site) flood(ctx context.Context, f Flood) (*flooder, error) {
	cmd := exec.CommandContext(ctx, s.Flooder[0], s.Flooder[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &flooder{cmd, in, bufio.NewReader(out)}
	err = json.NewEncoder(in).Encode(f)
	line := ""
	if err == nil {
		line, err = p.out.ReadString('\n')
	}
	if err != nil || line != "ready\n" {
		_ = in.Close()
		return nil, fmt.Errorf("the process that floods did not begin: %q, %w", line,
			errors.Join(err, cmd.Wait()))
	}
	return p, nil
}

// burst has the clients of a [Burst] ask, and returns what they got.
func (p *flooder) burst() (done Flooded, err error) {
	if _, err = io.WriteString(p.in, "\n"); err != nil {
		return done, err
	}
	line, err := p.out.ReadBytes('\n')
	return done, errors.Join(err, json.Unmarshal(line, &done))
}

// end ends a flood that says nothing at its end.
func (p *flooder) end() error {
	_ = p.in.Close()
	return p.cmd.Wait()
}

// stop ends a flood.
func (p *flooder) stop() (Flooded, error) {
	var done Flooded
	_ = p.in.Close()
	err := json.NewDecoder(p.out).Decode(&done)
	return done, errors.Join(err, p.cmd.Wait())
}
