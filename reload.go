package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"videotoken/internal/config"
	"videotoken/internal/logqueue"
	"videotoken/internal/revoked"
	"videotoken/internal/server"
)

// service is a running service, whose configuration can be read again.
type service struct {
	log     *slog.Logger
	lines   *logqueue.Queue // what log writes to
	server  *server.Server
	revoked *revoked.Set // nil: none
	file    string       // "" for the demonstration
	flags   config.Flags

	mu      sync.Mutex
	current *config.Config
	files   []string // to watch: those of the last attempt
	failed  bool     // the last attempt
}

// errNoFile is the error of a demonstration that is to read its configuration again.
var errNoFile = errors.New("the demonstration has no configuration that could be read again")

// reload reads the configuration again. It takes effect as a whole, or not at all. Where it is the
// same as before, nothing happens.
func (s *service) reload(cause string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == "" {
		return errNoFile
	}
	c, err := config.LoadAfter(s.current, s.file)
	if err == nil {
		err = c.Override(s.flags)
	}
	var settings server.Settings
	if err == nil && c.Sum != s.current.Sum {
		settings, err = s.settings(c)
	}
	if err != nil {
		var mistakes *config.Mistakes
		if errors.As(err, &mistakes) {
			s.files = mistakes.Files
		}
		s.log.Error("the configuration was not read again: the one before goes on", "cause", cause,
			"mistakes", strings.Split(err.Error(), "\n"))
		s.failed = true
		s.server.Reloaded(err)
		return err
	}
	if c.Sum == s.current.Sum {
		if s.failed {
			s.log.Info("the configuration is as it was again", "cause", cause)
			s.server.Reloaded(nil)
		}
		s.failed, s.files = false, c.Files
		return nil
	}
	for _, w := range warnings(c) {
		s.log.Warn("configuration: " + w)
	}
	if kept := fixed(s.current, c); len(kept) > 0 {
		s.log.Warn("a reload does not change these: start the service anew", "fields", kept)
	}
	if s.revoked != nil {
		s.revoked.SetGrace(seconds(c.Token.Grace()))
	}
	c.Signatures.Resize(c.SignatureCache)
	s.server.Use(settings)
	s.server.Reloaded(nil)
	s.current, s.files, s.failed = c, c.Files, false
	s.log.Info("configuration read again", "cause", cause, "cdns", len(c.CDNs.All()))
	return nil
}

// fixed lists the fields of a new configuration that differ, and that a running service keeps.
func fixed(old, c *config.Config) (fields []string) {
	for name, differs := range map[string]bool{
		"listen":             !slices.Equal(old.Listen, c.Listen),
		"admin":              old.Admin.Address != c.Admin.Address,
		"transport":          old.Transport != c.Transport,
		"revocations":        old.Revocations != c.Revocations,
		"limits.body":        old.Limits.Body != c.Limits.Body,
		"limits.connections": old.Limits.Connections != c.Limits.Connections,
		"limits.memory":      old.Limits.Memory != c.Limits.Memory,
	} {
		if differs {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// watch reads the configuration again whenever a file of it changes.
func (s *service) watch(ctx context.Context) {
	if s.file == "" {
		return
	}
	config.Watch(ctx, func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.files
	}, func() { _ = s.reload("a file changed") }) // which logs the error
}

// configuration returns the configuration that is served.
func (s *service) configuration() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}
