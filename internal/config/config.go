// Package config reads the service's one YAML file into validated values.
//
// Most callers want [Load]. It reports every mistake in the file at once, each with its line and column and what was
// expected ([Mistakes]); a configuration that comes out of it needs no further checks. [Demo] is the one that is
// served when there is no file.
package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/server"
	"videotoken/internal/video"
)

// Config is a configuration: docs/DESIGN.md, section 5.
type Config struct {
	Listen         string // host:port of the service
	Admin          string // host:port of the admin endpoints, "" for none
	Transport      server.Transport
	Token          Token
	CDNs           *cdn.Set
	Origins        []string // that may ask from a browser, or "*"
	TrustedProxies []netip.Prefix

	// Warnings are what is allowed and yet worth a line in the log.
	Warnings []string
}

// Token is the policy for tokens; all in whole seconds.
type Token struct{ TTL, MaxTTL, Round, Leeway time.Duration }

// Signer is the video signer of the configuration.
func (c *Config) Signer() *video.Signer {
	return &video.Signer{
		CDNs:   c.CDNs,
		TTL:    int64(c.Token.TTL / time.Second),
		MaxTTL: int64(c.Token.MaxTTL / time.Second),
		Round:  int64(c.Token.Round / time.Second),
	}
}

// Server is what the configuration is for a server.
func (c *Config) Server() server.Settings {
	return server.Settings{
		Signer:         c.Signer(),
		Leeway:         int64(c.Token.Leeway / time.Second),
		Origins:        c.Origins,
		TrustedProxies: c.TrustedProxies,
		Transport:      c.Transport,
	}
}

// Mistake is something wrong in a configuration file.
type Mistake struct {
	Line, Column int    // from 1; 0 where the mistake is that something is not there at all
	Field        string // as in "cdns[0].keys[1].id"
	Message      string // what was expected
}

func (m Mistake) String() string {
	var b strings.Builder
	if m.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", m.Line, m.Column)
	}
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	return b.String() + m.Message
}

// Mistakes are all that is wrong in a file, in its order.
type Mistakes struct {
	File string
	List []Mistake
}

func (m *Mistakes) Error() string {
	var b strings.Builder
	for i, mistake := range m.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s", m.File, mistake)
	}
	return b.String()
}

// Load reads a file. The error is [*Mistakes] where the file could be read.
func Load(file string) (*Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return Parse(file, data)
}

// Parse is [Load] of a file's content; secret files are relative to the file's directory.
func Parse(file string, data []byte) (*Config, error) {
	r := &reader{dir: filepath.Dir(file)}
	c := r.config(data)
	if len(r.mistakes) > 0 {
		return nil, &Mistakes{File: file, List: r.sorted()}
	}
	return c, nil
}

// defaults are the values of what a file leaves out.
func defaults() *Config {
	return &Config{
		Listen:    ":3002",
		Admin:     "127.0.0.1:9302",
		Transport: server.Auto,
		Token:     Token{TTL: 6 * time.Hour, MaxTTL: 24 * time.Hour, Round: 5 * time.Minute, Leeway: 10 * time.Second},
	}
}

// Flags are the fields that a command line may set; the empty ones set nothing.
type Flags struct{ Listen, Admin, Transport, Balance string }

// Override puts flags in the place of what a file says.
func (c *Config) Override(f Flags) error {
	if f.Listen != "" {
		if err := checkAddress(f.Listen); err != nil {
			return fmt.Errorf("-listen %q: %w", f.Listen, err)
		}
		c.Listen = f.Listen
	}
	switch f.Admin {
	case "":
	case "off":
		c.Admin = ""
	default:
		if err := checkAddress(f.Admin); err != nil {
			return fmt.Errorf("-admin %q: %w", f.Admin, err)
		}
		c.Admin = f.Admin
	}
	switch t := server.Transport(f.Transport); t {
	case "":
	case server.Auto, server.Epoll, server.FastHTTP:
		c.Transport = t
	default:
		return fmt.Errorf("-transport %q: must be auto, epoll or fasthttp", f.Transport)
	}
	if f.Balance != "" {
		b, err := cdn.ParseBalance(f.Balance)
		if err != nil {
			return fmt.Errorf("-balance: %w", err)
		}
		if c.CDNs, err = cdn.New(b, c.CDNs.All()); err != nil {
			return err
		}
	}
	return nil
}
