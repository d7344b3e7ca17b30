package measure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
	"videotoken/bench/internal/truth"
)

// Service is videotoken as it is measured: with a fixed configuration and the baseline's body.
type Service struct {
	Config string // the configuration file
	Body   []byte
	Answer *truth.Answer
}

// Path is the path of the route that signs.
const Path = "/video/token"

// JSON is the header that the service requires.
const JSON = "Content-Type: application/json"

// NewService reads the fixed configuration and the baseline's body from the repository with this
// root.
func NewService(root string) (*Service, error) {
	s := &Service{Config: filepath.Join(root, "bench", "testdata", "service.yaml")}
	var err error
	if s.Body, err = os.ReadFile(filepath.Join(root, "bench", "testdata",
		"baseline.json")); err != nil {
		return nil, err
	}
	return s, s.SetBody(s.Body)
}

// SetBody sets another body for the requests.
func (s *Service) SetBody(body []byte) error {
	config, err := truth.ReadConfig(s.Config)
	if err != nil {
		return err
	}
	s.Body = body
	s.Answer, err = truth.NewAnswer(config, body)
	return err
}

// Start starts a binary of the service.
func (s *Service) Start(ctx context.Context, binary string) (*subject.Process, error) {
	return subject.Start(ctx, s.Command(binary))
}

// Command returns the command that starts a binary of the service.
func (s *Service) Command(binary string) subject.Command {
	return subject.Command{Ready: "/healthz",
		Args: []string{binary, "-config", s.Config, "-listen", "{listen}", "-admin", "{admin}"}}
}

// Spec describes a run against a process of the service, in which every answer is checked.
func (s *Service) Spec(name string, p *subject.Process, l load.Load) (Spec, error) {
	t, err := load.NewTarget("POST", p.URL+Path, []string{JSON}, s.Body)
	if err != nil {
		return Spec{}, err
	}
	l.Length, l.Check = s.Answer.Length, s.Answer.Check
	return Spec{Name: name, Target: t, Load: l, PID: p.PID(), Admin: p.Admin}, nil
}

// Measure measures a fresh process of a binary. It returns an error if the run fails or is invalid.
func (s *Service) Measure(ctx context.Context, binary, name string,
	l load.Load) (*record.Result, error) {
	p, err := s.Start(ctx, binary)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	spec, err := s.Spec(name, p, l)
	if err != nil {
		return nil, err
	}
	m, err := sound(ctx, spec, p)
	if err != nil {
		return nil, err
	}
	return m.Result, nil
}

// sound calls Run. It returns an error also if the run is invalid or the server exited.
func sound(ctx context.Context, spec Spec, p *subject.Process) (*Measured, error) {
	m, err := Run(ctx, spec)
	if err := errors.Join(err, p.Alive()); err != nil {
		return nil, err
	}
	return m, m.Sound()
}

// Seed is the load that the baseline was measured with: a closed loop over 1000 connections.
func Seed() load.Load {
	return load.Load{Connections: 1000, Pipelining: 1, Warmup: 2 * time.Second,
		Duration: 10 * time.Second, Length: -1}
}

// Open is an open loop at the baseline's rate.
func Open() load.Load {
	l := Seed()
	l.Rate = 3300
	return l
}
