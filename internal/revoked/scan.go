package revoked

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"
)

// scan reads all sessions, writes back those that Redis lacks, and takes out what is over.
func (s *shared) scan(ctx context.Context, c valkey.Client) (loaded bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	changes, err :=
		c.Do(ctx, c.B().Xrevrange().Key(changesKey).End("+").Start("-").Count(1).Build()).AsXRange()
	if err != nil {
		return false, err
	}
	s.last = ""
	// memory has them, so that they are written back if they are lost
	due := s.pending.acknowledged()
	if len(changes) > 0 {
		s.last = changes[0].ID
	}
	mark := s.memory.nextMark()
	for cursor := uint64(0); ; {
		page, err := c.Do(ctx, c.B().Zscan().Key(sessionsKey).Cursor(cursor).Count(
			changesRead).Build()).AsScanEntry()
		if err != nil {
			return false, err
		}
		for i := 0; i+1 < len(page.Elements); i += 2 {
			if err := s.learn(page.Elements[i], page.Elements[i+1], mark); err != nil {
				return false, err
			}
		}
		if cursor = page.Cursor; cursor == 0 {
			break
		}
	}
	if err := s.writeBack(ctx, c, mark); err != nil {
		return true, err
	}
	for _, by := range due {
		s.pending.see(by)
	}
	if err := s.drop(ctx, c); err != nil {
		return true, err
	}
	if s.count, err = c.Do(ctx, c.B().Zcard().Key(sessionsKey).Build()).AsInt64(); err == nil {
		s.scanned = time.Now()
	}
	return true, err
}

// writeBack writes the sessions without the mark to Redis, and has the others read all.
func (s *shared) writeBack(ctx context.Context, c valkey.Client, mark uint32) error {
	written := 0
	for {
		var lost []Entry
		s.memory.missing(mark, func(r *record) bool {
			lost = append(lost, Entry{r.session, int64(r.until)})
			return len(lost) < changesRead
		})
		if len(lost) == 0 {
			break
		}
		add := c.B().Zadd().Key(sessionsKey).Gt().ScoreMember()
		for _, e := range lost {
			add = add.ScoreMember(float64(e.Until), hex.EncodeToString(e.Session[:]))
		}
		if err := c.Do(ctx, add.Build()).Error(); err != nil {
			return err
		}
		for _, e := range lost {
			s.memory.addMarked(e.Session, uint32(e.Until), mark)
		}
		written += len(lost)
	}
	if written == 0 {
		return nil
	}
	s.log.Warn("revoked sessions: Redis lacked some, which were written back", "sessions", written)
	return c.Do(ctx, c.B().Xadd().Key(changesKey).Maxlen().Almost().Threshold(changesKept).Id("*").
		FieldValue().FieldValue(fieldAll, s.self).Build()).Error()
}

// drop takes the sessions out of Redis that are over for so long that no process keeps them, by the
// clock of Redis, if they are a good part of all.
func (s *shared) drop(ctx context.Context, c valkey.Client) error {
	now, err := c.Do(ctx, c.B().Time().Build()).AsIntSlice()
	if err != nil || len(now) == 0 {
		return err
	}
	over := strconv.FormatInt(now[0]-s.memory.grace.Load()-spare, 10)
	answers := c.DoMulti(ctx,
		c.B().Zcount().Key(sessionsKey).Min("-inf").Max(over).Build(),
		c.B().Zcard().Key(sessionsKey).Build())
	n, err := answers[0].AsInt64()
	if err != nil {
		return err
	}
	all, err := answers[1].AsInt64()
	if err != nil || n == 0 || n < all/8 {
		return err
	}
	return c.Do(
		ctx, c.B().Zremrangebyscore().Key(sessionsKey).Min("-inf").Max(over).Build()).Error()
}
