package config

import (
	"fmt"
	"slices"

	"videotoken/internal/cdn"
	"videotoken/internal/listen"
)

// Flags are the fields that a command line may set. Empty ones set nothing.
type Flags struct{ Listen, Admin, Transport, Balance string }

// Override replaces what the file says with what the flags say.
func (c *Config) Override(f Flags) error {
	if f.Listen != "" {
		a, err := listen.Parse(f.Listen)
		if err != nil {
			return fmt.Errorf("-listen %q: %w", f.Listen, err)
		}
		c.Listen = []listen.Address{a}
	}
	switch f.Admin {
	case "":
	case "off":
		c.Admin.Address = listen.Address{}
	default:
		a, err := listen.Parse(f.Admin)
		if c.Admin.Address = a; err == nil {
			err = c.Admin.check()
		}
		if err != nil {
			return fmt.Errorf("-admin %q: %w", f.Admin, err)
		}
	}
	if f.Transport != "" {
		if !slices.Contains(Transports, f.Transport) {
			return fmt.Errorf("-transport %q: must be auto, epoll or fasthttp", f.Transport)
		}
		c.Transport = f.Transport
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
