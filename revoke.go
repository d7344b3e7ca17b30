package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"videotoken/internal/config"
	"videotoken/internal/revoked"
)

const revokeUsage = `Usage: videotoken revoke -config FILE [-until TIME | -for DURATION] SESSION

Revokes a session, 16 hexadecimal digits, where the configuration's revocations say: every service
with the same revocations refuses its tokens within a second. It needs no running service. Without
a time, the session is revoked for as long as a token of the configuration can be good or renewed.

`

// revokeTimeout bounds how long a revocation may take.
const revokeTimeout = 10 * time.Second

// revoke is the command of its name.
func revoke(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("revoke", flag.ContinueOnError)
	file := configFlag(f)
	until := f.Int64("until", 0, "when the revocation ends, `N` seconds of Unix time")
	period := f.Duration("for", 0, "how long it holds, such as 24h")
	if err := parse(f, stderr, args, revokeUsage, 1); err != nil {
		return err
	}
	session, err := revoked.ParseSession([]byte(f.Arg(0)))
	if err != nil {
		return fmt.Errorf("session %q: %w", f.Arg(0), err)
	}
	c, err := load(*file)
	if err != nil {
		return err
	}
	now := time.Now()
	switch {
	case c.Revocations.IsZero():
		return errors.New("the configuration has no revocations: nobody would know")
	case *until != 0 && *period != 0:
		return errors.New("-until and -for: give one of them")
	case *period != 0:
		*until = now.Add(*period).Unix()
	case *until == 0:
		*until = now.Add(max(c.Token.MaxTTL, c.Token.MaxRenew)).Unix()
	}
	ctx, cancel := context.WithTimeout(context.Background(), revokeTimeout)
	defer cancel()
	if err := revoked.Add(ctx, revocations(c), session, *until); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "revoked  %x\nuntil    %s\n", session,
		time.Unix(*until, 0).UTC().Format(time.RFC3339))
	return err
}

// revocations says where the sessions are that are revoked.
func revocations(c *config.Config) revoked.Config {
	return revoked.Config{File: c.Revocations.File, Redis: c.Revocations.Redis,
		Grace: seconds(c.Token.Grace()), Now: time.Now}
}
