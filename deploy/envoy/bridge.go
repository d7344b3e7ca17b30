package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"videotoken/internal/config"
	"videotoken/internal/revoked"
	"videotoken/internal/server"
	"videotoken/internal/video"
)

// bridge is a running bridge, whose configuration can be read again.
type bridge struct {
	log     *slog.Logger
	dropped func() uint64 // how many lines of the log nobody read; nil: none
	file    string
	flags   config.Flags

	server  *server.Server
	revoked *revoked.Set // nil: none

	mu      sync.Mutex
	current *config.Config
	files   []string // to watch: what the last attempt read
}

// open reads the configuration and the sessions that are revoked.
func (b *bridge) open() error {
	c, err := b.load()
	if err != nil {
		return err
	}
	if !c.Revocations.IsZero() {
		b.revoked, err = revoked.Open(revoked.Config{
			File: c.Revocations.File, Redis: c.Revocations.Redis, Grace: seconds(c.Token.Grace()),
			Log: b.log, Now: time.Now,
		})
		if err != nil {
			return err
		}
	}
	settings, err := b.settings(c)
	if err != nil {
		return err
	}
	b.server = server.New(settings, b.log, time.Now)
	b.current, b.files = c, c.Files
	return nil
}

func (b *bridge) load() (*config.Config, error) {
	c, err := config.LoadAfter(b.current, b.file)
	if err != nil {
		return nil, err
	}
	return c, c.Override(b.flags)
}

// settings returns the service's settings that verifying needs. Envoy passes every request on as it
// came, so that each CDN has exact_requests here, whatever the file says.
func (b *bridge) settings(c *config.Config) (server.Settings, error) {
	all := c.CDNs.All()
	for i := range all {
		all[i].ExactRequests = true
	}
	address, err := server.ParseClientAddress(c.ClientAddress)
	signer := &video.Signer{
		CDNs: c.CDNs, MaxTTL: seconds(c.Token.MaxTTL), MaxRenew: seconds(c.Token.MaxRenew),
	}
	return server.Settings{
		Signer:         signer,
		Leeway:         seconds(c.Token.Leeway),
		TrustedProxies: c.Proxies.Networks,
		TrustUnix:      c.Proxies.Unix,
		ClientAddress:  address,
		Admin:          server.Admin{Key: c.Admin.Key, Hosts: c.Admin.Names()},
		Revoked:        b.revoked,
		Reload:         func() error { return b.reload("POST /reload") },
		DroppedLogs:    b.dropped,
	}, err
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// reload reads the configuration again. With a mistake in it the one before goes on.
func (b *bridge) reload(cause string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.load()
	if err == nil && c.Sum == b.current.Sum {
		b.files = c.Files
		b.server.Reloaded(nil)
		return nil
	}
	var settings server.Settings
	if err == nil {
		settings, err = b.settings(c)
	}
	if err != nil {
		var mistakes *config.Mistakes
		if errors.As(err, &mistakes) {
			b.files = mistakes.Files
		}
		b.log.Error("the configuration was not read again: the one before goes on",
			"cause", cause, "mistakes", strings.Split(err.Error(), "\n"))
		b.server.Reloaded(err)
		return err
	}
	if c.Revocations != b.current.Revocations {
		b.log.Warn("a reload does not change the revocations: start the bridge anew")
	}
	if b.revoked != nil {
		b.revoked.SetGrace(seconds(c.Token.Grace()))
	}
	b.server.Use(settings)
	b.server.Reloaded(nil)
	b.current, b.files = c, c.Files
	b.log.Info("configuration read again", "cause", cause)
	return nil
}

// The limits of the gRPC server. A question has the head of a request, which Envoy bounds at 60 KiB
// by default.
const (
	maxQuestion = 128 << 10
	maxStreams  = 1000 // of a connection

	handshakeTime = 10 * time.Second
	pingTime      = 30 * time.Second // of silence, after which a peer is asked whether it is there
	pongTime      = 10 * time.Second
	minPingTime   = 5 * time.Second // between the pings of a peer

	// for the questions that have begun, once the listener is closed
	shutdownTime = 10 * time.Second
)

// newServer makes the gRPC server.
func (b *bridge) newServer() *grpc.Server {
	g := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxQuestion),
		grpc.MaxHeaderListSize(server.MaxHeader),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingTime, Timeout: pongTime}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: minPingTime, PermitWithoutStream: true,
		}),
	)
	handler := b.server.Handler
	auth.RegisterAuthorizationServer(g,
		&authorization{handler: handler, trusts: b.server.Trusts, log: b.log})
	grpc_health_v1.RegisterHealthServer(g, &health{handler: handler})
	return g
}

// serve answers on a listener until a signal ends it: SIGTERM or SIGINT. Then it is not healthy any
// more, answers for the time that the configuration has for a drain, and ends.
func (b *bridge) serve(ln net.Listener, signals <-chan os.Signal) error {
	for _, w := range b.current.Warnings {
		b.log.Warn("configuration: " + w)
	}
	failed := make(chan error, 2)
	if where := b.current.Admin.Address; !where.IsZero() {
		admin, err := where.Listen()
		if err != nil {
			return fmt.Errorf("-admin: %w", err)
		}
		defer admin.Close()
		b.log.Info("admin endpoints", "address", admin.Addr().String())
		go func() { failed <- b.server.ServeAdmin(admin) }()
	}
	g := b.newServer()
	go func() { failed <- g.Serve(ln) }()
	b.log.Info("serving", "address", ln.Addr().String(), "cdns", len(b.current.CDNs.All()))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// which logs the error
	go config.Watch(ctx, b.watched, func() { _ = b.reload("a file changed") })
	for {
		select {
		case err := <-failed:
			return fmt.Errorf("serving ended: %w", err)
		case s := <-signals:
			if s == syscall.SIGHUP {
				_ = b.reload("SIGHUP")
				continue
			}
			return b.drain(g, signals, shutdownTime)
		}
	}
}

func (b *bridge) watched() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.files
}

var errCut = errors.New("ended by a second signal: requests may have been cut off")

// drain ends a server: what hangs has a time once the listener is closed. A second signal ends it
// at once.
func (b *bridge) drain(
	g *grpc.Server, signals <-chan os.Signal, hangs time.Duration,
) error {
	b.server.Drain()
	b.mu.Lock()
	wait := b.current.Drain
	b.mu.Unlock()
	b.log.Info("draining", "for", wait.String())
	timer := time.NewTimer(wait)
	defer timer.Stop()
	ended := make(chan struct{})
	for stopping := false; ; {
		select {
		case <-timer.C:
			if stopping {
				g.Stop() // whoever hangs on
				b.log.Warn("connections were cut off")
				return nil
			}
			stopping = true
			go func() { g.GracefulStop(); close(ended) }()
			timer.Reset(hangs)
		case <-ended:
			b.log.Info("stopped")
			return nil
		case s := <-signals:
			if s != syscall.SIGHUP {
				g.Stop()
				return errCut
			}
		}
	}
}
