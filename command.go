package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"videotoken/internal/config"
	"videotoken/internal/logqueue"
	"videotoken/internal/suggest"
)

const usage = `Videotoken turns video documents into signed URLs on several CDNs. Usage:

    videotoken serve -config FILE [-listen ADDR]   serve POST /video/token; the word serve may be left out
    videotoken serve -config FILE -check           report every mistake in a configuration
    videotoken serve -demo                         serve example CDNs, to try it
    videotoken keygen [-id N | -caller NAME]       print a new key, ready for the configuration
    videotoken sign -config FILE URL-PATH          print a signed URL
    videotoken verify -config FILE URI             verify a signed URL, or its path and query
    videotoken check-playlist FILE-OR-URL -src P   say which URIs of a playlist a token covers
    videotoken revoke -config FILE SESSION         revoke a session: its tokens are refused from now on
    videotoken healthcheck -config FILE            ask the running service whether it can take requests
    videotoken version                             print the version
    videotoken help [COMMAND]                      explain a command

The flags for serving, which override the configuration:

`

// errUsage is the error of a command line that makes no sense. What is wrong was printed.
var errUsage = errors.New("usage")

var commands = map[string]func(stdout, stderr io.Writer, args []string) error{
	"check-playlist": checkPlaylist, "healthcheck": healthcheck, "keygen": keygen, "revoke": revoke,
	"sign":   sign,
	"verify": verify, "version": printVersion,
}

// flushTime bounds how long the process waits at its end for somebody to read what it logged.
const flushTime = time.Second

// execute runs a command and returns the exit status of the process: 0, 2 for a command line that
// makes no sense, 1 for every other error. Nothing that is written to stderr makes a command wait.
func execute(stdout, stderr *os.File, args []string) int {
	signal.Ignore(syscall.SIGPIPE) // a log whose reader went away must not end the service
	queue := logqueue.New(stderr)
	defer queue.Flush(flushTime)
	err := run(stdout, queue, args)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(queue, "videotoken:", err)
	return 1
}

// run runs the command that args name. Flags without a command are those of serve.
func run(stdout io.Writer, stderr *logqueue.Queue, args []string) error {
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if name == "help" {
		name, args = "serve", append(args, "-h")
		if len(args) > 1 {
			name, args = args[0], args[1:]
		}
	}
	if len(args) > 0 && (args[0] == "-version" || args[0] == "--version") {
		name, args = "version", args[1:]
	}
	if name == "serve" {
		return serve(stdout, stderr, args)
	}
	command := commands[name]
	if command == nil {
		names := append(slices.Sorted(maps.Keys(commands)), "help", "serve")
		fmt.Fprintf(stderr, "videotoken: %s\n`videotoken help` lists all commands\n",
			suggest.Command(name, names))
		return errUsage
	}
	return command(stdout, stderr, args)
}

// parse parses the flags of a command and checks how many arguments follow them.
func parse(f *flag.FlagSet, stderr io.Writer, args []string, usage string, operands int) error {
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usage); f.PrintDefaults() }
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case f.NArg() != operands:
		fmt.Fprintf(stderr, "videotoken: %d arguments where %d are expected: %q\n", f.NArg(),
			operands, f.Args())
		f.Usage()
		return errUsage
	}
	return nil
}

func configFlag(f *flag.FlagSet) *string {
	return f.String("config", os.Getenv("VIDEOTOKEN_CONFIG"),
		"the configuration `FILE`; also the environment's VIDEOTOKEN_CONFIG")
}

// load reads the configuration of a command that cannot do without one.
func load(file string) (*config.Config, error) {
	if file == "" {
		return nil, errors.New("no configuration: name one with -config FILE or VIDEOTOKEN_CONFIG")
	}
	return config.Load(file)
}
