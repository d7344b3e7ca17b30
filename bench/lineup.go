package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/subject"
)

// peer is a server that is measured beside this service.
type peer struct {
	name string
	// prepare builds it and sets either the command that starts it or what it needs and is not
	// installed.
	prepare func(*site, context.Context, *peer) error
	command subject.Command
	missing string
	// onTCP is the name of the same server over TCP, where this one listens on a Unix socket.
	onTCP string
	runs  [][]*record.Result // by load
}

// isOwn reports whether the peer is this service as it is.
func (p *peer) isOwn() bool { return p.name == ownName || p.onTCP == ownName }

// site is where peers are built.
type site struct {
	root    string // the repository
	dir     string // for binaries
	service *measure.Service
}

// The two peers that the others are compared with.
const (
	stockName = "stock fasthttp: this service with `-transport fasthttp`"
	floorName = "the kernel's floor: epoll in C, as many bytes"
)

const (
	ownName       = "**videotoken**"
	unixFloorName = "the kernel's floor, over a Unix socket"
)

// lineup returns all peers, the one that does the most work first.
func lineup() []*peer {
	return []*peer{
		{name: "the baseline, rebuilt: Express", prepare: (*site).express},
		{name: "Node's `http` with crypto", prepare: (*site).node},
		{name: "Bun", prepare: (*site).bun},
		{name: "uWebSockets.js", prepare: (*site).uWebSockets},
		{name: "net/http, encoding/json, SHA-256", prepare: (*site).nethttp},
		{name: "hyper, `serde_json`, SHA-256", prepare: (*site).hyper},
		{name: stockName, prepare: (*site).stock},
		{name: ownName, prepare: (*site).videotoken},
		{name: "bare fasthttp, as many bytes", prepare: (*site).bare},
		{name: floorName, prepare: (*site).floor},
		{name: "**videotoken**, over a Unix socket", prepare: overUnix((*site).videotoken),
			onTCP: ownName},
		{name: unixFloorName, prepare: overUnix((*site).floor), onTCP: floorName},
	}
}

// overUnix prepares a peer to listen on a Unix socket.
func overUnix(prepare func(*site, context.Context, *peer) error) func(*site, context.Context,
	*peer) error {
	return func(s *site, ctx context.Context, p *peer) error {
		err := prepare(s, ctx, p)
		for i, a := range p.command.Args {
			if a == "{listen}" {
				p.command.Args[i] = "{socket}"
			}
		}
		return err
	}
}

func (s *site) videotoken(ctx context.Context, p *peer) error {
	p.command = s.service.Command(s.own())
	return subject.Build(ctx, s.root, ".", s.own())
}

// own is the file of this service's binary.
func (s *site) own() string { return filepath.Join(s.dir, "videotoken") }

func (s *site) stock(ctx context.Context, p *peer) error {
	err := s.videotoken(ctx, p)
	p.command.Args = append(p.command.Args, "-transport", "fasthttp")
	return err
}

func (s *site) bare(ctx context.Context, p *peer) error {
	binary := filepath.Join(s.dir, "bare")
	p.command = subject.Command{Args: []string{binary, "-listen", "{listen}", "-bytes",
		strconv.Itoa(s.service.Answer.Length)}}
	return subject.Build(ctx, filepath.Join(s.root, "bench"), "./peers/bare", binary)
}

func (s *site) floor(ctx context.Context, p *peer) error {
	if p.missing = absent("cc"); p.missing != "" {
		return nil
	}
	if runtime.GOOS != "linux" {
		p.missing = "epoll is Linux's"
		return nil
	}
	binary := filepath.Join(s.dir, "floor")
	p.command = subject.Command{Args: []string{binary, "{listen}",
		strconv.Itoa(s.service.Answer.Length)}}
	cmd := exec.CommandContext(ctx, "cc", "-O2", "-pthread", "-o", binary,
		filepath.Join(s.root, "bench", "peers", "floor", "floor.c"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: cc: %w\n%s", subject.ErrBuild, err, out)
	}
	return nil
}
