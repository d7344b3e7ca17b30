package revoked

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valkey-io/valkey-go"
)

// What Redis, or Valkey, has. Both keys are in one slot of a cluster.
const (
	// a sorted set: a session's score is until when it is revoked
	sessionsKey = "videotoken:{revoked}:sessions"
	changesKey  = "videotoken:{revoked}:changes" // a stream of what was added
	changesKept = "10000"                        // about: whoever missed more reads all sessions
	changesRead = 1000                           // at once
)

// The fields of a change: a session and its time, and who added it; or who wrote so many sessions
// that all are to be read again.
const (
	fieldSession = "session"
	fieldUntil   = "until"
	fieldBy      = "by"
	fieldAll     = "all"
)

// Times to wait for Redis: for one answer, and for all sessions.
const (
	answerTime = 2 * time.Second
	scanTime   = time.Minute
	scanEvery  = time.Hour
)

// shared keeps the sessions in Redis, for several machines. Each reads the stream of changes
// several times a second, from the last one that it has seen on. If Redis does not have that one
// any more, or not one that this process added, or has fewer sessions than before, then Redis lost
// some, or this process missed some: it reads all of them, and writes back what Redis lacks.
// Nothing that Redis lacks is taken out of memory.
type shared struct {
	option valkey.ClientOption
	memory *memory
	log    *slog.Logger
	self   string // names this process among the others

	client  atomic.Pointer[valkey.Client] // nil before Redis was reached
	pending pending                       // the changes of this process
	again   atomic.Bool                   // all sessions are to be read

	last    string    // the change that was seen last; "" where the stream was empty
	count   int64     // how many sessions Redis had
	scanned time.Time // when all were read last
	strange bool      // it was logged that Redis has something else
}

// errURL has no part of the URL, which may have a password.
var errURL = errors.New("must be a URL such as redis://HOST:6379/0, " +
	"rediss://USER:PASSWORD@HOST:6379 with TLS, or unix:///run/redis.sock")

// CheckRedis reports what is wrong with the URL of Redis or Valkey.
func CheckRedis(url string) error {
	_, err := parseURL(url)
	return err
}

func parseURL(url string) (valkey.ClientOption, error) {
	o, err := valkey.ParseURL(url)
	if err != nil || strings.HasPrefix(url, "unix:") && o.InitAddress[0] == "" {
		return o, errURL
	}
	o.ClientName = "videotoken"
	o.Dialer.Timeout, o.ConnWriteTimeout = time.Second, answerTime
	o.DisableRetry, o.DisableCache = true, true
	o.PipelineMultiplex = -1 // one connection
	o.RingScaleEachConn, o.ReadBufferEachConn, o.WriteBufferEachConn = 8, 64<<10, 64<<10
	return o, nil
}

func newShared(url string, m *memory, log *slog.Logger) (*shared, error) {
	option, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("revoked: redis: %w", err)
	}
	s := &shared{option: option, memory: m, log: log, self: strconv.FormatUint(rand.Uint64(), 16)}
	s.again.Store(true)
	return s, nil
}

func (s *shared) close() {
	if c := s.client.Load(); c != nil {
		(*c).Close()
	}
}

// connect returns the client, which connects again by itself once it was connected.
func (s *shared) connect(ctx context.Context) (valkey.Client, error) {
	if c := s.client.Load(); c != nil {
		return *c, nil
	}
	c, err := valkey.NewClient(s.option)
	if err != nil {
		return nil, err
	}
	s.client.Store(&c)
	s.warnOfLoss(ctx, c)
	return c, nil
}

// add adds a session, and returns when Redis has it.
func (s *shared) add(ctx context.Context, session [8]byte, until uint32) error {
	p := s.client.Load()
	if p == nil {
		return errors.New("redis was not reached yet")
	}
	c := *p
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	member, score := hex.EncodeToString(session[:]), strconv.FormatUint(uint64(until), 10)
	by := s.pending.begin(s.self)
	for _, answer := range c.DoMulti(ctx,
		c.B().Zadd().Key(sessionsKey).Gt().ScoreMember().ScoreMember(
			float64(until), member).Build(),
		c.B().Xadd().Key(changesKey).Maxlen().Almost().Threshold(changesKept).Id("*").
			FieldValue().FieldValue(fieldSession, member).FieldValue(fieldUntil, score).FieldValue(
			fieldBy, by).Build(),
	) {
		if err := answer.Error(); err != nil {
			s.pending.see(by)
			return fmt.Errorf("redis does not take it: %w", err)
		}
	}
	if !s.memory.add(session, until) { // first, so that scan writes it back if Redis loses it now
		return errFull
	}
	s.pending.acknowledge(by)
	return nil
}

// sync learns what others added since the last time, and writes back what Redis lost. loaded is
// whether memory has all that Redis has, also where the writing failed.
func (s *shared) sync(ctx context.Context) (loaded bool, err error) {
	c, err := s.connect(ctx)
	if err == nil && !s.again.Load() && time.Since(s.scanned) < scanEvery {
		var complete bool
		if complete, err = s.follow(ctx, c); err == nil && complete {
			return true, nil
		}
	}
	if err == nil {
		s.again.Store(false)
		if loaded, err = s.scan(ctx, c); err != nil {
			s.again.Store(true)
		}
	}
	if err != nil {
		return loaded, fmt.Errorf("redis: %w", err)
	}
	return loaded, nil
}

// forget has the next sync read all sessions again.
func (s *shared) forget() { s.again.Store(true) }

// follow reads the changes. It returns false if that does not tell all.
func (s *shared) follow(ctx context.Context, c valkey.Client) (complete bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	due := s.pending.acknowledged()
	for {
		from := s.last
		if from == "" {
			from = "-"
		}
		answers := c.DoMulti(ctx,
			c.B().Xrange().Key(changesKey).Start(from).End("+").Count(changesRead).Build(),
			c.B().Zcard().Key(sessionsKey).Build())
		changes, err := answers[0].AsXRange()
		if err != nil {
			return false, err
		}
		count, err := answers[1].AsInt64()
		if err != nil {
			return false, err
		}
		lost := count < s.count
		s.count = count
		read := len(changes)
		if s.last != "" {
			if read == 0 || changes[0].ID != s.last {
				return false, nil // what came after it may be gone, too
			}
			changes = changes[1:]
		}
		for _, change := range changes {
			s.last = change.ID
			s.pending.see(change.FieldValues[fieldBy])
			if by, all := change.FieldValues[fieldAll]; all {
				lost = lost || by != s.self
			} else if err := s.learn(change.FieldValues[fieldSession],
				change.FieldValues[fieldUntil], 0); err != nil {
				return false, err
			}
		}
		if lost || read < changesRead {
			return !lost && s.pending.seen(due), nil
		}
	}
}

// learn adds a session to memory as Redis has it. What is no session does not count.
func (s *shared) learn(member, score string, mark uint32) error {
	until, err := strconv.ParseFloat(score, 64)
	session, e := ParseSession([]byte(member))
	if err != nil || e != nil || math.IsNaN(until) || until < 0 {
		if !s.strange {
			s.log.Warn("revoked sessions: Redis has something else among them, which "+
				"does not count", "key", sessionsKey)
		}
		s.strange = true
		return nil
	}
	if !s.memory.addMarked(session, uint32(min(until, math.MaxUint32)), mark) {
		return errFull
	}
	return nil
}

// warnOfLoss warns if Redis keeps nothing on its disk. Redis need not tell.
func (s *shared) warnOfLoss(ctx context.Context, c valkey.Client) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	info, err := c.Do(ctx, c.B().Info().Section("persistence").Build()).ToString()
	if err == nil && strings.Contains(info, "aof_enabled:0") {
		s.log.Warn("revoked sessions: Redis writes no append-only file: if it and every process " +
			"of the service end within a moment, what was revoked last is lost: set appendonly yes")
	}
}
