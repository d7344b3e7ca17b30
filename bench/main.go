// Command bench measures an HTTP service and judges what it measured: see README.md beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"videotoken/bench/internal/attack"
	"videotoken/bench/internal/record"
	"videotoken/internal/suggest"
)

const usage = `usage: go run ./bench COMMAND [flags]

measure
  all       seed and open, as make bench does
  seed      the baseline's load, a closed loop: 1000 connections, as fast as they are answered
  open      the baseline's rate in an open loop: latency as users have it
  run       any load on any URL, by autocannon's flags
  max       find the highest rate with p99 under a bound
  soak      a constant rate for a long time: does any figure grow?
  peers     this service beside others, interleaved
  shapes    this service with other documents, schemes and heads than the baseline's, and behind TLS
  attack    hostile clients, and bounds for what they may do: attack -h lists them

judge
  compare   two result files
  revisions two revisions, built here and run interleaved
  gate      exact facts, better than the baseline, no regression

show
  page      the page of a result file, again

COMMAND -h lists a command's flags. Exit status: 0 pass, 1 error, 2 invalid or inconclusive,
99 regression, or an attack that breaks a bound.
`

var (
	errUsage        = errors.New("usage")
	errInconclusive = errors.New("inconclusive")
	errRegression   = errors.New("regression")
)

func main() {
	err := run(os.Stdout, os.Stderr, os.Args[1:])
	if err != nil && !errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	os.Exit(status(err))
}

func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRegression), errors.Is(err, attack.ErrBound):
		return 99
	case errors.Is(err, errInconclusive), errors.Is(err, record.ErrInvalid):
		return 2
	default:
		return 1
	}
}

func run(stdout, stderr io.Writer, args []string) error {
	commands := map[string]func(context.Context, io.Writer, io.Writer, []string) error{
		"all": all, "seed": seed, "open": open, "run": runAny,
		"compare": compare, "revisions": revisions, "gate": gate, "page": page, "peers": peers,
		"shapes": shapes, "soak": soak, "max": highest,
		"attack": runAttack, "flood": flood,
	}
	switch {
	case len(args) == 0:
		fmt.Fprint(stderr, usage)
		return errUsage
	case args[0] == "help" || args[0] == "-h" || args[0] == "--help":
		_, err := fmt.Fprint(stdout, usage)
		return err
	case commands[args[0]] == nil:
		fmt.Fprintf(stderr, "bench: %s\n\n%s",
			suggest.Command(args[0], slices.Sorted(maps.Keys(commands))), usage)
		return errUsage
	}
	// On Ctrl-C the servers are stopped and the worktrees removed before this process exits.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return commands[args[0]](ctx, stdout, stderr, args[1:])
}
