// Videotoken turns video documents into URLs that CDNs serve for a while: POST /video/token. README.md has the rest.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"videotoken/internal/cdn"
	"videotoken/internal/config"
	"videotoken/internal/server"
	"videotoken/internal/video"
	"videotoken/token"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a log whose reader is gone must not end the service
	os.Exit(status(os.Stderr, run(os.Stdout, os.Stderr, os.Args[1:])))
}

const usage = `Videotoken turns video documents into signed URLs on several CDNs. Usage:

    videotoken [-config FILE] [-listen ADDR] ...   serve POST /video/token
    videotoken keygen [-id N]                      print a new key, ready for the configuration
    videotoken sign -config FILE URL-PATH          print a signed URL
    videotoken verify -config FILE URI             verify a signed URL, or its path and query
    videotoken version                             print the version

Each command has -h. The flags of serve, which override the configuration:

`

// errUsage is a command line that cannot be understood; what is wrong was printed.
var errUsage = errors.New("usage")

// status prints an error and returns the exit status: 0 for none, 2 for the command line, 1 for the rest.
func status(stderr io.Writer, err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(stderr, "videotoken:", err)
	return 1
}

var commands = map[string]func(stdout, stderr io.Writer, args []string) error{
	"keygen": keygen, "sign": sign, "verify": verify,
	"version": printVersion,
}

func run(stdout, stderr io.Writer, args []string) error {
	if len(args) > 0 {
		if command := commands[args[0]]; command != nil {
			return command(stdout, stderr, args[1:])
		}
	}
	return serve(stderr, args)
}

// parse parses a command's flags and checks how many arguments follow them.
func parse(f *flag.FlagSet, stderr io.Writer, args []string, usage string, operands int) error {
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usage); f.PrintDefaults() }
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case f.NArg() != operands:
		fmt.Fprintf(stderr, "videotoken: %d arguments where %d are expected: %q\n", f.NArg(), operands, f.Args())
		f.Usage()
		return errUsage
	}
	return nil
}

func configFlag(f *flag.FlagSet) *string {
	return f.String("config", os.Getenv("VIDEOTOKEN_CONFIG"), "the configuration `FILE`; also the environment's VIDEOTOKEN_CONFIG")
}

// serve is the command without a name.
func serve(stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("videotoken", flag.ContinueOnError)
	file := configFlag(f)
	listen := f.String("listen", "", "serve on `HOST:PORT` instead of the configuration's listen")
	admin := f.String("admin", "", "serve metrics, health and pprof on `HOST:PORT` instead of the configuration's admin; \"off\" for nowhere")
	transport := f.String("transport", "", "who reads the sockets: auto, epoll or fasthttp")
	balance := f.String("balance", "", "round-robin or affinity")
	if err := parse(f, stderr, args, usage, 0); err != nil {
		return err
	}
	log := newLogger(stderr)
	c, err := loadOrDemo(log, *file)
	if err != nil {
		return err
	}
	if err := c.Override(config.Flags{Listen: *listen, Admin: *admin, Transport: *transport, Balance: *balance}); err != nil {
		return err
	}
	return listenAndServe(log, c)
}

func loadOrDemo(log *slog.Logger, file string) (*config.Config, error) {
	if file == "" {
		log.Warn("no configuration: this is a demonstration, with example CDNs and keys that are lost when it ends; use -config FILE or VIDEOTOKEN_CONFIG")
		return config.Demo(rand.Reader)
	}
	c, err := config.Load(file)
	if err == nil {
		for _, w := range c.Warnings {
			log.Warn("configuration: " + w)
		}
	}
	return c, err
}

const shutdownTime = 10 * time.Second // for the requests that have begun when the process is told to end

func listenAndServe(log *slog.Logger, c *config.Config) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s := server.New(c.Server(), log, time.Now)
	failed := make(chan error, 2)
	if c.Admin != "" {
		ln, err := net.Listen("tcp", c.Admin)
		if err != nil {
			return fmt.Errorf("admin: %w: choose another address with -admin, or -admin off", err)
		}
		log.Info("admin endpoints", "address", ln.Addr().String())
		go func() { failed <- s.ServeAdmin(ln) }()
	}
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w: choose another address with -listen", err)
	}
	log.Info("serving", "address", ln.Addr().String(), "cdns", len(c.CDNs.All()), "version", version())
	go func() { failed <- s.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving ended: %w", err)
	case <-ctx.Done():
	}
	stop()                                                          // a second signal ends the process at once
	time.AfterFunc(shutdownTime+time.Second, func() { os.Exit(1) }) // where the log blocks, for nobody reads it
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- s.Shutdown(ctx) }()
	log.Info("shutting down", "within", shutdownTime.String())
	if err := <-drained; err != nil {
		log.Warn("connections were cut off", "error", err)
	}
	log.Info("stopped")
	return nil
}

// newLogger writes text for people and JSON for everything else.
func newLogger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func keygen(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("keygen", flag.ContinueOnError)
	id := f.Uint("id", 1, "the key's id, `N` from 0 to 65535: another for every key")
	bare := f.Bool("secret-only", false, "print the secret alone, for a secret_file")
	if err := parse(f, stderr, args, "Usage: videotoken keygen [-id N | -secret-only]\n\nPrints a new random key as an entry for a CDN's keys in the configuration.\n\n", 0); err != nil {
		return err
	}
	if *id > 65535 {
		return fmt.Errorf("-id %d: must be from 0 to 65535", *id)
	}
	secret := make([]byte, token.SecretSize)
	_, _ = rand.Read(secret) // it never fails: the process ends instead
	format := "- {id: %[1]d, secret: \"%[2]s\"}\n"
	if *bare {
		format = "%[2]s\n"
	}
	_, err := fmt.Fprintf(stdout, format, *id, token.FormatSecret(secret))
	return err
}

// load is the configuration of a command that makes no sense without one.
func load(file string) (*config.Config, error) {
	if file == "" {
		return nil, errors.New("no configuration: name one with -config FILE or VIDEOTOKEN_CONFIG")
	}
	return config.Load(file)
}

func sign(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("sign", flag.ContinueOnError)
	file := configFlag(f)
	name := f.String("cdn", "", "the `NAME` of the CDN to sign for; the first of the configuration without it")
	mediaType := f.String("type", "", "the source's media `TYPE`, which tells playlists where the path does not")
	ttl := f.Duration("ttl", 0, "how long the URL is good, such as 90s or 6h; the configuration's ttl without it")
	ip := f.String("ip", "", "bind the URL to an `ADDRESS` or a prefix")
	session := f.String("session", "", "a session id of 16 hexadecimal `DIGITS`")
	if err := parse(f, stderr, args, "Usage: videotoken sign [flags] URL-PATH\n\nPrints the URL of a path, such as /film.mp4 or /hls/film/master.m3u8, with a token.\n\n", 1); err != nil {
		return err
	}
	if *ttl%time.Second != 0 {
		return fmt.Errorf("-ttl %v: must be in whole seconds", *ttl)
	}
	c, err := load(*file)
	if err != nil {
		return err
	}
	chosen := &c.CDNs.All()[0]
	if *name != "" {
		if chosen = c.CDNs.Lookup(*name); chosen == nil {
			return fmt.Errorf("-cdn %q: the configuration has no such CDN", *name)
		}
	}
	signer := c.Signer()
	if signer.CDNs, err = cdn.New(cdn.RoundRobin, []cdn.CDN{*chosen}); err != nil {
		return err
	}
	url, err := signer.URL(f.Arg(0), *mediaType, video.Options{TTL: int64(*ttl / time.Second), IP: *ip, Session: *session}, time.Now().Unix())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, url)
	return err
}

func verify(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	file := configFlag(f)
	name := f.String("cdn", "", "the `NAME` of the CDN whose keys count; without it, the URL's, or every CDN's for a path")
	ip := f.String("ip", "", "the client's `ADDRESS`, for tokens that are bound to one")
	at := f.Int64("at", 0, "verify as at this Unix `TIME` in seconds; now without it")
	if err := parse(f, stderr, args, "Usage: videotoken verify [flags] URI\n\nVerifies a signed URL, or its path and query, and prints what its token says. The exit status\nis 0 for a good token and 1 for another, with the reason on standard error.\n\n", 1); err != nil {
		return err
	}
	c, err := load(*file)
	if err != nil {
		return err
	}
	r := token.Request{Now: *at, Leeway: int64(c.Token.Leeway / time.Second)}
	if *at == 0 {
		r.Now = time.Now().Unix()
	}
	if *ip != "" {
		if r.Client, err = netip.ParseAddr(*ip); err != nil {
			return fmt.Errorf("-ip: %w", err)
		}
	}
	uri, _, _ := strings.Cut(f.Arg(0), "#") // a client keeps the fragment to itself
	r.URI = []byte(uri)
	v, err := c.CDNs.Verify(*name, r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(stdout, v)
	return err
}

func printVersion(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("version", flag.ContinueOnError)
	if err := parse(f, stderr, args, "Usage: videotoken version\n\nPrints the version, and what the program was built with.\n", 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version is the version that the Go tool stamped, which for a checkout has its commit.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	return fmt.Sprintf("videotoken %s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
