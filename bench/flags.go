package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"videotoken/bench/internal/load"
)

// options are the flags of a load. They have autocannon's names if they mean the same.
type options struct {
	*flag.FlagSet
	method   string
	body     string
	input    string
	headers  list
	load     load.Load
	out      string
	pid      int
	admin    string
	config   string
	results  bool
	profile  bool
	progress bool
}

// newOptions makes the flags of a command, whose defaults are those of a load.
func newOptions(stderr io.Writer, name string, defaults load.Load) *options {
	o := &options{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), load: defaults}
	o.SetOutput(stderr)
	o.int(&o.load.Connections, "connections", "c", "connections")
	o.int(&o.load.Pipelining, "pipelining", "p", "requests in flight on a connection")
	o.int(&o.load.Workers, "workers", "w", "event loops (0: one for every two cores)")
	o.duration(&o.load.Duration, "duration", "d",
		"length of the measured window, in seconds or as in 1m30s")
	o.duration(&o.load.Timeout, "timeout", "t",
		"of one request, in seconds or as in 500ms (0: 10s)")
	o.duration(&o.load.Warmup, "warmup", "W", "load before the window, not measured")
	o.Float64Var(&o.load.Rate, "overallRate", defaults.Rate,
		"requests a second, arriving at a constant pace; 0 is a closed loop")
	o.Float64Var(&o.load.Rate, "R", defaults.Rate, "short for -overallRate")
	o.StringVar(&o.out, "o", "bench/out", "directory of the files; \"\" writes none")
	o.BoolVar(&o.results, "results", true, "write every request for vegeta")
	o.BoolVar(&o.progress, "progress", true, "a line of progress, on a terminal")
	return o
}

// request adds the flags that describe the request.
func (o *options) request() {
	o.text(&o.method, "method", "m", "GET", "HTTP method")
	o.text(&o.body, "body", "b", "", "body of the request")
	o.text(&o.input, "input", "i", "", "file with the body of the request")
	o.Var(&o.headers, "headers", "header, \"Name: value\" or \"Name=value\"; may be repeated")
	o.Var(&o.headers, "H", "short for -headers")
	o.Bool("renderStatusCodes", true,
		"accepted for autocannon's sake: status codes are always shown")
	o.IntVar(&o.pid, "pid", 0, "process of the server, to read what it spends (Linux)")
	o.StringVar(&o.admin, "admin", "", "URL of the server's admin port, to read its allocations "+
		"from /debug/pprof, or else /metrics")
	o.StringVar(&o.config, "config", "",
		"configuration of videotoken to verify the tokens in the answers by")
}

// profiles adds the flag of the commands that take a profile.
func (o *options) profiles() *options {
	o.BoolVar(&o.profile, "profile", false, "take a CPU profile of the server: NAME.pprof, and a "+
		"flame graph, NAME.flame.html; the run tells no allocations")
	return o
}

// isGiven reports whether the command line has one of the flags.
func (o *options) isGiven(names ...string) (given bool) {
	o.Visit(func(f *flag.Flag) { given = given || slices.Contains(names, f.Name) })
	return given
}

func (o *options) int(v *int, long, short, text string) {
	o.IntVar(v, long, *v, text)
	o.IntVar(v, short, *v, "short for -"+long)
}

func (o *options) text(v *string, long, short, value, text string) {
	o.StringVar(v, long, value, text)
	o.StringVar(v, short, value, "short for -"+long)
}

func (o *options) duration(v *time.Duration, long, short, text string) {
	o.Var((*seconds)(v), long, text)
	o.Var((*seconds)(v), short, "short for -"+long)
}

// parse parses the flags. If it returns errUsage, the help or the mistake has been printed already.
func (o *options) parse(args []string, positional int) error {
	if err := o.Parse(args); errors.Is(err, flag.ErrHelp) {
		return errUsage
	} else if err != nil {
		return errUsage // the flag package has said what is wrong
	}
	if o.NArg() > positional {
		return fmt.Errorf("%s: %q is one argument too many: flags come before it", o.Name(),
			o.Arg(positional))
	}
	return nil
}

// bodyBytes returns the body of the request.
func (o *options) bodyBytes() ([]byte, error) {
	if o.input == "" {
		return []byte(o.body), nil
	}
	return os.ReadFile(o.input)
}

// seconds is a duration as a flag: a number of seconds, as autocannon has it, or Go's notation.
type seconds time.Duration

func (s *seconds) String() string { return time.Duration(*s).String() }

func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		*s = seconds(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	*s = seconds(d)
	return err
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(text string) error {
	*l = append(*l, text)
	return nil
}
