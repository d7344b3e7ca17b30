package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"videotoken/bench/internal/measure"
)

// Attack is one kind of hostile client.
type Attack struct {
	Name   string
	Does   string
	Bounds string
	run    func(*Site, context.Context) error
}

// Attacks are all attacks.
var Attacks = []Attack{
	{"json", "8 connections send the JSON bodies that cost the most to parse",
		fairBounds, (*Site).json},
	{"pipeline", "8, 100 and 1000 connections pipeline small requests without end: POSTs, and " +
		"404s of 28 bytes",
		crowdBounds, (*Site).pipeline},
	{"chunked", "the same, with bodies in chunks, which fasthttp serves", crowdBounds,
		(*Site).chunked},
	{"large", "100 connections send bodies of 64 KiB, with a length and in a chunk", fairBounds,
		(*Site).large},
	{"memory", "thousands of unfinished bodies, of unfinished heads, and clients that never read",
		fmt.Sprintf("at most %d KiB a connection and 512 MiB in all; service and admin port "+
			"answer; who never reads is gone after 10 s",
			bytesPerConnection>>10), (*Site).memory},
	{"descriptors", "more connections than the process may have descriptors",
		"503 within 100 ms over the limit; connections idle for over a second make room; the " +
			"admin port answers; all is well afterwards",
		(*Site).descriptors},
	{"headers", "2000 connections send their headers a byte at a time", fairBounds,
		(*Site).headers},
	{"bodies", "2000 connections send their bodies a byte at a time", fairBounds,
		(*Site).slowBodies},
	{"readers", "2000 connections ask without end and read a byte at a time", fairBounds,
		(*Site).slowReaders},
	{"idle", "2000 connections ask once and then do nothing", fairBounds, (*Site).idleConnections},
	{"churn", "8 clients open one connection after another, with and without a request", fairBounds,
		(*Site).churning},
	{"signatures", "1000 connections ask for 1000 films at once whose RSA signatures are not " +
		"made yet, and again when all expire",
		"200, or 503 of the full queue; requests for another CDN at 3300/s: p99 at most 5 x " +
			"the quiet one", (*Site).signatures},
	{"scarce-descriptors", "twice as many idle connections as the process may have descriptors, " +
		"after well-behaved clients came", fairBounds, (*Site).scarceDescriptors},
	{"scarce-memory", "twice as many unfinished bodies as there is memory for",
		fairBounds + "; attackers are refused", (*Site).scarceMemory},
	{"full-disk", "the disk of the log and of the revoked sessions is full, and 8 clients " +
		"come and go", fairBounds, (*Site).fullDisk},
}

const (
	fairBounds = "p50 at most 3 x and p99 at most 10 x an identical instance's that is " +
		"not attacked"
	crowdBounds = fairBounds +
		"; with 1000 attackers at most 1.5 x an instance that 1000 well-behaved " +
		"connections saturate"
)

// ErrBound is the error of an attack that did more harm than its bounds allow.
var ErrBound = errors.New("a bound does not hold")

// Site is where attacks run, and how long and how large they are.
type Site struct {
	Service *measure.Service
	Binary  string   // of the service
	Flooder []string // the command line that ends in a call of [ServeFlood]
	Worst   string   // a directory of recipes for the json attack, which need not exist
	Out     io.Writer

	Rounds   int
	Rest     time.Duration // of the well-behaved load, in each round, without an attack
	Duration time.Duration // of the well-behaved load, in each round, under attack
	Rate     float64       // well-behaved requests a second, for each instance
	Bodies   int           // how many of the costliest bodies the json attack sends
	// how many connections the pipeline and chunked attacks have, one run each
	Attackers []int
	Crowd     int // how many connections the memory attack has
	// how many connections the headers, bodies, readers and idle attacks hold
	Held        int
	Descriptors int // the limit that the descriptors and scarce-descriptors attacks set
	// how many connections the signatures attack has, each with a film of its own
	Films int

	broken int
}

// Default is a site with the sizes of a full run, which takes a minute an attack, and two where the
// number of attackers varies.
func Default() Site {
	return Site{Rounds: 3, Rest: time.Second, Duration: 1500 * time.Millisecond, Rate: 400,
		Bodies: 6, Attackers: []int{8, 100, 1000}, Crowd: 10_000, Held: 2000, Descriptors: 256,
		Films: 1000}
}

// Short reduces the sizes, so that an attack takes a few seconds.
func (s *Site) Short() {
	s.Rest, s.Duration = time.Second/5, time.Second // as many rounds: the median of one is chance
	s.Bodies, s.Attackers, s.Crowd, s.Held = 2, []int{8, 100}, 2000, 500
}

// Run runs an attack, prints what it measured, and returns ErrBound if a bound does not hold.
func (s *Site) Run(ctx context.Context, name string) error {
	for _, a := range Attacks {
		if a.Name != name {
			continue
		}
		fmt.Fprintf(s.Out, "%s: %s\nbounds: %s\n\n", a.Name, a.Does, a.Bounds)
		s.broken = 0
		if err := a.run(s, ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if s.broken > 0 {
			return fmt.Errorf("%s: %w: see the %d lines above that begin with FAIL", name, ErrBound,
				s.broken)
		}
		return nil
	}
	return fmt.Errorf("there is no attack %q", name)
}

// bound prints whether a bound holds.
func (s *Site) bound(holds bool, format string, args ...any) {
	word := "ok  "
	if !holds {
		word = "FAIL"
		s.broken++
	}
	fmt.Fprintf(s.Out, "%s  %s\n", word, fmt.Sprintf(format, args...))
}
