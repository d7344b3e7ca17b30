// Package revoked has the sessions that are over: no token with one of them is accepted, or made.
//
// Most callers want [Open], and then [Set.Has] for each token with a session, which fits
// token.Request.Revoked: it takes no lock and does not allocate. [Set.Prefetch] before it spares it
// the wait for memory. [Set.Revoke] adds a session, and returns once it is kept where a crash does
// not lose it: in a file on this machine, or in Redis or Valkey for several machines. What one
// process or machine revokes the others have within a second.
package revoked

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where sessions are kept: in one of File and Redis.
type Config struct {
	File  string // its name
	Redis string // its URL: see [CheckRedis]
	// seconds that a session stays revoked after its time; SetGrace changes it
	Grace int64
	Log   *slog.Logger     // nil: nowhere
	Now   func() time.Time // the clock
}

// Entry is a session that is revoked.
type Entry struct {
	Session [8]byte
	Until   int64 // Unix seconds
}

// The errors of Revoke that are about the session, and not about where it would be kept.
var (
	ErrOver = errors.New("revoked: the time until which the session would be revoked is over: " +
		"choose a later one")
	ErrLate = errors.New("revoked: a token can express no time after 2106-02-07: choose an " +
		"earlier one")
)

// ErrNotLoaded is the error of what needs the set before it was read once: see [Set.Loaded].
var ErrNotLoaded = errors.New("it is not known yet which sessions are revoked")

// errFull is the error of more sessions than a process takes.
var errFull = fmt.Errorf("there are more than %d sessions", maxSessions)

// pollTime is how often a set looks for what others revoked, and sweepTime how often it forgets
// what is over.
const (
	pollTime  = 200 * time.Millisecond
	sweepTime = time.Minute
)

// Set has the sessions that are revoked. It is safe for concurrent use.
type Set struct {
	memory *memory
	file   *file   // nil: they are in Redis
	shared *shared // nil: they are in a file
	log    *slog.Logger
	end    context.CancelFunc
	ended  sync.WaitGroup

	loaded   atomic.Bool
	revoked  atomic.Int64 // by Revoke
	refused  atomic.Int64
	failures atomic.Int64 // of the background, to read or to write what others should have
	failing  atomic.Bool
	synced   atomic.Int64 // when the background succeeded last, in Unix milliseconds
}

// Open opens a set. Of a file it reads all before it returns. With Redis, it returns at once, and
// the set is not loaded ([Set.Loaded]) until Redis was reached. Close ends it.
func Open(c Config) (*Set, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Set{memory: newMemory(c.Now, c.Grace), log: c.Log}
	ctx, cancel := context.WithCancel(context.Background())
	s.end = cancel
	var err error
	switch {
	case (c.File == "") == (c.Redis == ""):
		err = errors.New("revoked: a set needs a file, or Redis, and not both")
	case c.File != "":
		if s.file, err = openFile(ctx, c.File, s.memory, c.Log); err == nil {
			s.memory.sweep()
			s.loaded.Store(true)
		}
	default:
		s.shared, err = newShared(c.Redis, s.memory, c.Log)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	s.ended.Go(func() { s.follow(ctx) })
	return s, nil
}

// Close ends the set's background. What was revoked stays so for Has.
func (s *Set) Close() {
	s.end()
	s.ended.Wait()
	if s.shared != nil {
		s.shared.close()
	}
}

// Has reports whether a session is revoked now.
func (s *Set) Has(session [8]byte) bool { return s.memory.has(session) }

// Prefetch has the processor load what Has will read for a session, and does not wait for it. Of a
// large set that is seldom in the caches, and takes some 150 ns. It fits token.Request.Prefetch.
func (s *Set) Prefetch(session [8]byte) { s.memory.prefetch(session) }

// Loaded reports whether the set was read once. Before that, nobody knows which sessions are
// revoked.
func (s *Set) Loaded() bool { return s.loaded.Load() }

// SetGrace changes for how many seconds a session stays revoked after its time: as long as a token
// counts after its expiry, for those who verify it and for those who renew it.
func (s *Set) SetGrace(seconds int64) { s.memory.grace.Store(seconds) }

// Revoke revokes a session until a time in Unix seconds, or as long as it is revoked already. When
// it returns nil the session is kept; after an error it may be, and is to be revoked again. The
// error is ErrOver or ErrLate, or says why it could not be kept.
func (s *Set) Revoke(ctx context.Context, session [8]byte, until int64) (err error) {
	if err := checkUntil(until, s.memory.now()); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.refused.Add(1)
		} else {
			s.revoked.Add(1)
		}
	}()
	if s.file != nil {
		if err = s.file.add(ctx, session, uint32(until)); err == nil &&
			!s.memory.add(session, uint32(until)) {
			err = errFull
		}
	} else {
		err = s.shared.add(ctx, session, uint32(until))
	}
	if err != nil {
		return fmt.Errorf("revoked: not revoked: %w", err)
	}
	return nil
}

func checkUntil(until int64, now time.Time) error {
	switch {
	case until < now.Unix():
		return ErrOver
	case until > math.MaxUint32:
		return ErrLate
	}
	return nil
}

// overlap is how far an answer of Since reaches back, in microseconds: a worker may ask several
// instances in turn, which learn of a session at different moments.
const overlap = 5_000_000

// Since returns up to limit sessions that were learned of after a moment, which is 0 or the next of
// an earlier answer, and the next moment to ask for. If there are more, they are to be asked for at
// once. A session may come again, and does if its time was extended. Moments are in microseconds of
// Unix time, so that those of one instance serve with another, and after a restart.
func (s *Set) Since(moment int64, limit int) (entries []Entry, next int64, more bool) {
	now := s.memory.now().UnixMicro()
	if moment > max(now, s.memory.lastLearned()) {
		moment = 0 // of a clock that was ahead
	}
	s.memory.all(moment, func(r *record) bool {
		if more = len(entries) == limit; more {
			return false
		}
		entries = append(entries, Entry{r.session, int64(r.until)})
		next = r.learned
		return true
	})
	if !more {
		next = now - overlap
	}
	return entries, next, more
}

// Stats are what a set did, for metrics.
type Stats struct {
	Sessions int       // that are revoked, and some whose time is over
	Loaded   bool      // as of Set.Loaded
	Revoked  int64     // by Revoke
	Refused  int64     // by Revoke, because they could not be kept
	Failures int64     // attempts to read or write what the file, or Redis, should have
	Synced   time.Time // when such an attempt succeeded last; zero: never
}

// Stats returns the counts as of now.
func (s *Set) Stats() Stats {
	stats := Stats{
		Sessions: s.memory.len(), Loaded: s.loaded.Load(), Revoked: s.revoked.Load(),
		Refused: s.refused.Load(), Failures: s.failures.Load(),
	}
	if ms := s.synced.Load(); ms != 0 {
		stats.Synced = time.UnixMilli(ms)
	}
	return stats
}

// follow learns what others revoke, until ctx ends.
func (s *Set) follow(ctx context.Context) {
	poll, sweep := time.NewTicker(pollTime), time.NewTicker(sweepTime)
	defer poll.Stop()
	defer sweep.Stop()
	for {
		loaded, err := s.sync(ctx)
		if ctx.Err() != nil {
			return
		}
		if loaded {
			s.loaded.Store(true)
		}
		s.done(err)
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-sweep.C:
			if s.memory.sweep() {
				s.log.Warn("the clock was set back: the revoked sessions are read again")
				if s.file != nil {
					s.file.forget()
				} else {
					s.shared.forget()
				}
			}
		}
	}
}

func (s *Set) sync(ctx context.Context) (loaded bool, err error) {
	if s.file != nil {
		return true, s.file.sync(ctx)
	}
	return s.shared.sync(ctx)
}

// done counts an attempt of the background, and logs where the attempts begin to fail and where
// that ends.
func (s *Set) done(err error) {
	if err != nil {
		s.failures.Add(1)
		if !s.failing.Swap(true) {
			s.log.Error("revoked sessions: the list could not be synchronized; no session can be revoked",
				"error", err)
		}
		return
	}
	s.synced.Store(s.memory.now().UnixMilli())
	if s.failing.Swap(false) {
		s.log.Info("revoked sessions: all are known again")
	}
}
