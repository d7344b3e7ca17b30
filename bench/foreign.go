package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"videotoken/bench/internal/subject"
)

// The peers that do the same work in other ways, from packages of Go, npm and Debian.

func (s *site) express(ctx context.Context, p *peer) error {
	dir := s.peer("express")
	p.missing = install(ctx, dir)
	p.command = subject.Command{
		Args: []string{"node", filepath.Join(dir, "server.js"), "{listen}"},
		Env:  []string{"NODE_ENV=production"},
	}
	return nil
}

func (s *site) node(_ context.Context, p *peer) error {
	p.missing = absent("node")
	p.command = subject.Command{Args: []string{"node", filepath.Join(s.peer("node"), "server.js"),
		"{listen}"}}
	return nil
}

// bun runs the program that npm has as a package for each kind of machine.
func (s *site) bun(ctx context.Context, p *peer) error {
	dir := s.peer("bun")
	if p.missing = install(ctx, dir); p.missing != "" {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(dir, "node_modules/@oven/bun-*/bin/bun"))
	if err != nil || len(found) == 0 {
		p.missing = fmt.Sprintf("npm has no Bun for %s/%s in bench/peers/bun", runtime.GOOS,
			runtime.GOARCH)
		return err
	}
	if out, err := exec.CommandContext(ctx, found[0], "--version").CombinedOutput(); err != nil {
		p.missing = fmt.Sprintf("Bun does not run here: %v: %s", err,
			strings.TrimSpace(string(out)))
		return nil
	}
	p.command = subject.Command{Args: []string{found[0], filepath.Join(dir, "server.js"),
		"{listen}"}}
	return nil
}

func (s *site) uWebSockets(_ context.Context, p *peer) error {
	p.missing = "npm's registry does not have it; Bun's server is uWebSockets, too"
	return nil
}

// debianCrates is where Debian's packages of crates have their sources.
const debianCrates = "/usr/share/cargo/registry"

// hyper builds the peer against Debian's crates, without a network.
func (s *site) hyper(ctx context.Context, p *peer) error {
	if p.missing = absent("cargo"); p.missing != "" {
		return nil
	}
	for _, crate := range []string{"hyper", "tokio", "serde_json", "sha2"} {
		found, _ := filepath.Glob(filepath.Join(debianCrates, crate+"-[0-9]*"))
		if len(found) == 0 {
			p.missing = "librust-" + strings.ReplaceAll(crate, "_", "-") + "-dev is not installed"
			return nil
		}
	}
	dir := s.peer("hyper")
	cmd := exec.CommandContext(ctx, "cargo", "build", "--release", "--quiet", "--offline",
		"--config", `source.crates-io.replace-with="debian"`, "--config",
		`source.debian.directory="`+debianCrates+`"`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		p.missing = fmt.Sprintf("cargo build in bench/peers/hyper: %v: %s", err, lastLine(out))
		return nil
	}
	p.command = subject.Command{Args: []string{filepath.Join(dir, "target/release/hyper-peer"),
		"{listen}"}}
	return nil
}

// install installs the npm packages of a peer, and returns why it could not.
func install(ctx context.Context, dir string) (missing string) {
	for _, tool := range []string{"node", "npm"} {
		if missing := absent(tool); missing != "" {
			return missing
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--silent")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("npm ci in bench/peers/%s: %v: %s", filepath.Base(dir), err,
			lastLine(out))
	}
	return ""
}

func absent(tool string) string {
	if _, err := exec.LookPath(tool); err != nil {
		return tool + " is not installed"
	}
	return ""
}

func (s *site) nethttp(ctx context.Context, p *peer) error {
	binary := filepath.Join(s.dir, "nethttp")
	p.command = subject.Command{Args: []string{binary, "-listen", "{listen}"}}
	return subject.Build(ctx, filepath.Join(s.root, "bench"), "./peers/nethttp", binary)
}

// lastLine is what a row of a table says of a program's output.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// peer is the folder of a peer's source.
func (s *site) peer(name string) string { return filepath.Join(s.root, "bench", "peers", name) }
