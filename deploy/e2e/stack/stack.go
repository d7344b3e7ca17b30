// Package stack runs the service and the edges of deploy/ in front of it, each with the
// configuration that an operator copies, on free ports of the loopback and in a temporary folder.
package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"videotoken/token"
)

// Options say what a stack consists of.
type Options struct {
	Root   string       // of the repository
	Binary string       // the service, as Build made it
	Origin http.Handler // what the edges forward to
	Edges  []string     // of "nginx", "caddy", "haproxy" and "worker"; a second nginx is "nginx-2"
	Player string       // the origin of the page that may play
	Other  bool         // the service has one more CDN, without an edge
	Token  string       // the member token of the configuration, if the tokens are not to last
	CDNs   []string     // more CDNs of the service, each an entry of its configuration
	Lines  string       // more lines of the configuration
	Unix   bool         // the edges ask the service over a Unix socket
	Port   int          // the first of the ports that a browser is told; free ones if it is 0

	Credentials bool   // the page may send cookies
	Revocations bool   // sessions can be revoked, and the worker asks for them
	RevokedURL  string // what the worker asks for them instead of the service
}

// Stack is a service, the edges that ask it, and the origin that they forward to.
type Stack struct {
	Dir      string
	Service  string // its address
	Admin    string // the address of its admin listener
	AdminKey string // with Options.Revocations
	Edges    map[string]*Edge
	Recorder *Recorder // between the edges and the service

	opt        Options
	programs   []*Program
	service    *Program
	other      *Edge  // a CDN without an edge
	adminEntry string // of the configuration, for AdminKey
	origin     string
	closers    []func() error
}

// Edge is a CDN of the service's configuration and the proxy that stands for it.
type Edge struct {
	Name string
	Addr string
	Key  *token.Key

	OriginHost string // the Host that the origin sees

	secret  string
	key     uint16
	program *Program
}

// New starts a stack. Close ends it, also after New failed.
func New(opt Options) (*Stack, error) {
	s := &Stack{opt: opt, Edges: map[string]*Edge{}}
	dir, err := os.MkdirTemp("", "videotoken-e2e-")
	if err != nil {
		return s, err
	}
	s.Dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // an nginx started by root serves as another user
		return s, err
	}
	for i, name := range opt.Edges {
		if s.Edges[name], err = s.newEdge(name, uint16(i+2)); err != nil {
			return s, err
		}
	}
	if s.other, err = s.newEdge("elsewhere", 1); err != nil {
		return s, err
	}
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	server := &http.Server{Handler: opt.Origin, ReadHeaderTimeout: time.Minute}
	s.closers = append(s.closers, server.Close)
	go server.Serve(origin)
	s.origin = origin.Addr().String()

	if s.Service, err = s.port(); err != nil {
		return s, err
	}
	if s.Admin, err = s.port(); err != nil {
		return s, err
	}
	if opt.Revocations {
		if s.AdminKey, s.adminEntry, err = newAdminKey(opt.Binary); err != nil {
			return s, err
		}
	}
	if err := s.StartService(); err != nil {
		return s, err
	}
	if s.Recorder, err = s.newRecorder(); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Recorder.Close)
	for _, name := range opt.Edges {
		if err := s.StartEdge(s.Edges[name]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// StopEdge ends an edge.
func (s *Stack) StopEdge(e *Edge) {
	e.program.Stop()
	s.programs = slices.DeleteFunc(s.programs, func(p *Program) bool { return p == e.program })
}

// StartEdge starts an edge, also after StopEdge: at the same address, and with its cache.
func (s *Stack) StartEdge(e *Edge) error {
	if err := s.startEdge(e, s.origin); err != nil {
		return fmt.Errorf("starting %s: %w", e.Name, err)
	}
	return nil
}

// Other returns a CDN of the same service that has no edge.
func (s *Stack) Other() *Edge { return s.other }

func (s *Stack) newEdge(name string, key uint16) (*Edge, error) {
	secret := make([]byte, token.SecretSize)
	for i := range secret {
		secret[i] = byte(rand.Uint32()) // nothing outlives the stack
	}
	k, err := token.NewKey(key, secret)
	if err != nil {
		return nil, err
	}
	addr, err := s.port()
	return &Edge{Name: name, Addr: addr, Key: k, key: key, secret: token.FormatSecret(secret)}, err
}

// Logs returns the end of each program's output, for a test that fails.
func (s *Stack) Logs() string {
	out := ""
	for _, p := range s.programs {
		out += fmt.Sprintf("--- the output of %s (%s):\n%s\n", p.Name, filepath.Base(p.log),
			p.Tail())
	}
	return out
}

// Close ends every program and removes every file.
func (s *Stack) Close() error {
	for i := len(s.programs) - 1; i >= 0; i-- {
		s.programs[i].Stop()
	}
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	if s.Dir != "" {
		errs = append(errs, os.RemoveAll(s.Dir))
	}
	return errors.Join(errs...)
}

// port reserves a port until the stack is closed.
func (s *Stack) port() (string, error) {
	if s.opt.Port != 0 {
		addr := fmt.Sprintf("127.0.0.1:%d", s.opt.Port)
		s.opt.Port++
		return addr, checkFree(addr)
	}
	addr, release, err := ReservePort()
	if err == nil {
		s.closers = append(s.closers, release)
	}
	return addr, err
}
