// Videotoken-envoy answers Envoy's external authorization over gRPC, ext_authz v3, as the service's
// /verify/ext-authz answers it over HTTP: by the same configuration and the same code.
// deploy/README.md says how to run it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc/grpclog"

	"videotoken/internal/config"
	"videotoken/internal/listen"
	"videotoken/internal/logqueue"
)

// flushTime bounds how long the process waits at its end for somebody to read what it logged.
const flushTime = time.Second

// main has nothing that is written to stderr make the process wait, or end.
func main() {
	signal.Ignore(syscall.SIGPIPE) // a log whose reader went away
	stderr := logqueue.New(os.Stderr)
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, stderr))
	status := execute(stderr, os.Args[1:])
	stderr.Flush(flushTime)
	os.Exit(status)
}

// execute runs the command and returns its exit status: 0, 2 for a command line that makes no
// sense, 1 for every other error.
func execute(stderr *logqueue.Queue, args []string) int {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	err := run(stderr, args, signals)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(stderr, "videotoken-envoy:", err)
	return 1
}

// errUsage is the error of a command line that makes no sense. What is wrong was printed.
var errUsage = errors.New("usage")

const usage = `Videotoken-envoy answers Envoy's gRPC ext_authz by the configuration of videotoken:

    videotoken-envoy -config FILE -listen unix:/run/videotoken/envoy.sock

`

// run serves until a signal ends it.
func run(stderr *logqueue.Queue, args []string, signals <-chan os.Signal) error {
	f := flag.NewFlagSet("videotoken-envoy", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usage); f.PrintDefaults() }
	file := f.String("config", os.Getenv("VIDEOTOKEN_CONFIG"),
		"the `FILE` with the configuration, the service's own")
	where := f.String("listen", "127.0.0.1:3003", "answer gRPC on `HOST:PORT`, or on unix:/PATH")
	admin := f.String("admin", "off",
		"serve metrics, health, reload and revocations on `HOST:PORT`, or on unix:/PATH")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if *file == "" || *admin == "" || f.NArg() > 0 {
		f.Usage()
		return errUsage
	}
	address, err := listen.Parse(*where)
	if err != nil {
		return fmt.Errorf("-listen %q: %w", *where, err)
	}
	b := &bridge{log: stderr.Logger(), dropped: stderr.Dropped, file: *file,
		flags: config.Flags{Admin: *admin}}
	if err := b.open(); err != nil {
		return err
	}
	ln, err := address.Listen()
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	return b.serve(ln, signals)
}
