package revoked

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"time"
)

// Add revokes a session where c says, for the processes that have a Set there: they know within a
// second. It is the command line's [Set.Revoke], and its errors are the same.
func Add(ctx context.Context, c Config, session [8]byte, until int64) error {
	if err := checkUntil(until, c.Now()); err != nil {
		return err
	}
	m, log := newMemory(c.Now, c.Grace), slog.New(slog.DiscardHandler)
	var err error
	if c.File != "" {
		err = newFile(c.File, m, log).add(ctx, session, uint32(until))
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: the service makes the file when it starts, with an owner who "+
				"can read it", err)
		}
	} else {
		err = addShared(ctx, c.Redis, m, log, session, uint32(until))
	}
	if err != nil {
		return fmt.Errorf("revoked: not revoked: %w", err)
	}
	return nil
}

// addShared adds a session to Redis, and looks whether it is still there once each process must
// have seen it: they write back what Redis loses, and this process does not stay to do so.
func addShared(ctx context.Context, url string, m *memory, log *slog.Logger, session [8]byte,
	until uint32) error {
	s, err := newShared(url, m, log)
	if err != nil {
		return err
	}
	defer s.close()
	c, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	if err := s.add(ctx, session, until); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * pollTime):
	}
	score, err := c.Do(ctx,
		c.B().Zscore().Key(sessionsKey).Member(hex.EncodeToString(session[:])).Build()).AsFloat64()
	if err == nil && (math.IsNaN(score) || score < float64(until)) {
		err = errors.New("it lost the session again")
	}
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}
