package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"videotoken/internal/config"
	"videotoken/internal/logqueue"
	"videotoken/internal/revoked"
	"videotoken/internal/server"
	"videotoken/internal/uri"
	"videotoken/internal/video"
)

const withoutConfiguration = `videotoken: no configuration. One of these is needed:

    videotoken -config FILE     serve the CDNs in FILE; the environment's VIDEOTOKEN_CONFIG names it too
    videotoken -demo            try it: example CDNs, with keys that are lost when it ends
    videotoken -h               every command and flag
`

// serve is the command without a name.
func serve(stdout io.Writer, stderr *logqueue.Queue, args []string) error {
	f := flag.NewFlagSet("videotoken", flag.ContinueOnError)
	file := configFlag(f)
	demo := f.Bool("demo", false, "serve example CDNs, with keys that are lost when the process "+
		"ends, instead of a configuration")
	check := f.Bool("check", false, "report every mistake in the configuration, and do not "+
		"serve: the exit status is 0 if there is none")
	var flags config.Flags
	f.StringVar(&flags.Listen, "listen", "",
		"serve on `HOST:PORT`, or on unix:/PATH, instead of the configuration's listen")
	f.StringVar(&flags.Admin, "admin", "",
		"serve metrics, health, reload, revocations and pprof on `HOST:PORT`, or on unix:/PATH, "+
			"instead of the configuration's admin; \"off\" for nowhere")
	f.StringVar(&flags.Transport, "transport", "", "who reads the sockets: auto, epoll or fasthttp")
	f.StringVar(&flags.Balance, "balance", "", "round-robin or affinity")
	if err := parse(f, stderr, args, usage, 0); err != nil {
		return err
	}
	switch {
	case *file == "" && !*demo:
		fmt.Fprint(stderr, withoutConfiguration)
		return errUsage
	case *file != "" && *demo:
		fmt.Fprintf(stderr, "videotoken: -demo and the configuration %s: choose one of them\n",
			*file)
		return errUsage
	}
	c, err := configure(*file)
	if err != nil {
		return err
	}
	if err := c.Override(flags); err != nil {
		return err
	}
	if *check {
		for _, w := range warnings(c) {
			fmt.Fprintln(stderr, "warning:", w)
		}
		_, err := fmt.Fprintln(stdout, "the configuration is valid")
		return err
	}
	return listenAndServe(&service{log: stderr.Logger(), lines: stderr, file: *file,
		flags: flags}, c)
}

// configure reads the configuration, or makes the demonstration's if there is no file.
func configure(file string) (*config.Config, error) {
	if file != "" {
		return config.Load(file)
	}
	c, err := config.Demo(rand.Reader)
	if err == nil {
		c.Warnings = append(c.Warnings, "this is a demonstration, with example CDNs and keys "+
			"that are lost when it ends: use -config FILE or VIDEOTOKEN_CONFIG for your own")
	}
	return c, err
}

// warnings are those of the configuration, and what every operator should know.
func warnings(c *config.Config) []string {
	if c.Callers == nil {
		return append(c.Warnings,
			"there are no callers: whoever reaches the service gets URLs signed")
	}
	return c.Warnings
}

// newSigner makes the signer of a configuration.
func newSigner(c *config.Config) (*video.Signer, error) {
	bases, reserved, segments := slices.Clone(c.Document.Origins), []string{}, []string{}
	for _, cdn := range c.CDNs.All() {
		bases = append(bases, cdn.URL)
		reserved = append(reserved, cdn.Reserved...)
		segments = append(segments, cdn.Segments...)
	}
	origins, err := uri.NewOrigins(bases)
	slices.Sort(reserved)
	slices.Sort(segments)
	return &video.Signer{
		CDNs:        c.CDNs,
		Patterns:    c.Document.Patterns,
		Origins:     origins,
		KeepForeign: c.Document.KeepForeign,
		Reserved:    slices.Compact(reserved),
		Segments:    slices.Compact(segments),
		TTL:         seconds(c.Token.TTL),
		MaxTTL:      seconds(c.Token.MaxTTL),
		Round:       seconds(c.Token.Round),
		RenewFor:    seconds(c.Token.Renew),
		MaxRenew:    seconds(c.Token.MaxRenew),
		RenewGrace:  seconds(c.Token.RenewGrace),
		Allow:       c.Allow,
		MaxURLs:     c.Limits.URLs,
	}, err
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// settings makes the server's settings of a configuration.
func (s *service) settings(c *config.Config) (server.Settings, error) {
	signer, err := newSigner(c)
	if err != nil {
		return server.Settings{}, err
	}
	signer.Revoked = s.revoked
	address, err := server.ParseClientAddress(c.ClientAddress)
	return server.Settings{
		Signer:  signer,
		Callers: c.Callers,
		Leeway:  seconds(c.Token.Leeway),
		CORS: server.CORS{Origins: c.CORS.Origins, Headers: c.CORS.Headers,
			Credentials: c.CORS.Credentials, MaxAge: seconds(c.CORS.MaxAge)},
		TrustedProxies: c.Proxies.Networks,
		TrustUnix:      c.Proxies.Unix,
		ClientAddress:  address,
		Admin:          server.Admin{Key: c.Admin.Key, Hosts: c.Admin.Names()},
		AccessLog:      server.AccessLog(c.AccessLog),
		Transport:      server.Transport(c.Transport),
		Limits: server.Limits{Body: c.Limits.Body, Connections: c.Limits.Connections,
			Memory: c.Limits.Memory},
		Revoked:     s.revoked,
		Signatures:  c.Signatures,
		Reload:      func() error { return s.reload("POST /reload") },
		Build:       build(),
		Requests:    s.lines.AccessLog(),
		DroppedLogs: s.lines.Dropped,
	}, err
}

// shutdownTime bounds how long the requests that have begun may take once the listeners are closed.
const shutdownTime = 10 * time.Second

// errCut is the error of a service that was told a second time to end.
var errCut = errors.New("ended by a second signal: requests may have been cut off")

// listenAndServe serves until a signal ends it: SIGTERM or SIGINT.
func listenAndServe(s *service, c *config.Config) error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for _, w := range warnings(c) {
		s.log.Warn("configuration: " + w)
	}
	failed, err := s.start(c)
	if err != nil {
		return err
	}
	for told := false; !told; {
		select {
		case err := <-failed:
			return fmt.Errorf("serving ended: %w", err)
		case sig := <-signals:
			told = s.isEnd(sig)
		}
	}
	ended := make(chan struct{})
	go func() { drain(s.log, s.server, s.configuration().Drain); close(ended) }()
	for {
		select {
		case <-ended:
			return nil
		case sig := <-signals:
			if s.isEnd(sig) {
				return errCut
			}
		}
	}
}

// start opens the sockets and serves them. Whatever ends one of them comes out of the channel.
func (s *service) start(c *config.Config) (failed chan error, err error) {
	s.current, s.files = c, c.Files
	c.Signatures.Resize(c.SignatureCache)
	if !c.Revocations.IsZero() {
		where := revocations(c)
		where.Log = s.log
		if s.revoked, err = revoked.Open(where); err != nil {
			return nil, err
		}
	}
	settings, err := s.settings(c)
	if err != nil {
		return nil, err
	}
	s.server = server.New(settings, s.log, nil)
	open, err := openSockets(s.log, c)
	if err != nil {
		return nil, err
	}
	failed = make(chan error, 1+len(open.service))
	if open.admin != nil {
		s.log.Info("admin endpoints", "address", open.admin.Addr().String())
		go func() { failed <- s.server.ServeAdmin(open.admin) }()
	}
	for _, ln := range open.service {
		s.log.Info("serving", "address", ln.Addr().String(), "cdns", len(c.CDNs.All()),
			"connections", s.server.MaxConnections(), "version", version())
		go func() { failed <- s.server.Serve(ln) }()
	}
	// and whatever else is in the background, until the process ends
	go s.watch(context.Background())
	return failed, nil
}

// isEnd reports whether a signal tells the service to end. SIGHUP has it read the configuration
// again.
func (s *service) isEnd(sig os.Signal) bool {
	if sig != syscall.SIGHUP {
		return true
	}
	s.log.Info("SIGHUP: reading the configuration again")
	if err := s.reload("SIGHUP"); errors.Is(err, errNoFile) {
		s.log.Warn("SIGHUP: " + err.Error())
	}
	return false
}

// drain goes on serving for a while, so that load balancers see /readyz fail and move away, and
// then shuts down.
func drain(log *slog.Logger, s *server.Server, d time.Duration) {
	s.Drain()
	if d > 0 {
		log.Info("draining", "for", d.String())
		time.Sleep(d)
	}
	log.Info("shutting down", "within", shutdownTime.String())
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		log.Warn("connections were cut off", "error", err)
	}
	log.Info("stopped")
}
