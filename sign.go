package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/video"
)

func sign(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("sign", flag.ContinueOnError)
	file := configFlag(f)
	name := f.String("cdn", "",
		"the `NAME` of the CDN to sign for; by default the first one with a weight")
	mediaType := f.String("type", "",
		"the media `TYPE` of the source, which tells playlists whose path does not")
	ttl := f.Duration("ttl", 0,
		"how long the URL is good, such as 90s or 6h; by default the configuration's ttl")
	ip := f.String("ip", "", "bind the URL to an `ADDRESS` or a prefix")
	session := f.String("session", "", "a session id of 16 hexadecimal `DIGITS`")
	renew := f.Duration("renew", 0,
		"for how long the URL's token can be renewed, such as 4h; it needs a session")
	expires := f.Int64("expires", 0,
		"the exact Unix `TIME` at which the URL ends, not rounded; instead of -ttl")
	notBefore := f.Int64("not-before", 0, "the Unix `TIME` from which on the URL is good")
	scope := f.String("scope", "", "the `DIRECTORY` that a playlist's token covers, such as "+
		"/films/a/; by default the playlist's own")
	if err := parse(f, stderr, args, "Usage: videotoken sign [flags] URL-PATH\n\nPrints the URL "+
		"of a path, such as /film.mp4 or /hls/film/master.m3u8, with a token.\n\n", 1); err != nil {
		return err
	}
	for name, d := range map[string]time.Duration{"ttl": *ttl, "renew": *renew} {
		if d%time.Second != 0 {
			return fmt.Errorf("-%s %v: must be in whole seconds", name, d)
		}
	}
	c, err := load(*file)
	if err != nil {
		return err
	}
	chosen, err := choose(c.CDNs, *name)
	if err != nil {
		return err
	}
	signer, err := newSigner(c)
	if err != nil {
		return err
	}
	if signer.CDNs, err = cdn.New(cdn.RoundRobin, []cdn.CDN{chosen}); err != nil {
		return err
	}
	now := time.Now().Unix()
	o := video.Options{TTL: seconds(*ttl), Renew: seconds(*renew), NotBefore: *notBefore, IP: *ip,
		Session: *session, Scope: *scope}
	if *expires != 0 {
		if *ttl != 0 {
			return errors.New("-expires and -ttl say the same thing: use one of them")
		}
		o.TTL, signer.Round = *expires-now, 1
	}
	url, cookies, err := signer.URL(f.Arg(0), *mediaType, o, now)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintln(stdout, url); err != nil {
		return err
	}
	for _, c := range cookies {
		if _, err = fmt.Fprintf(stdout, "Set-Cookie: %s\n", c); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the CDN with the given name, or the first one that videos are balanced over.
func choose(cdns *cdn.Set, name string) (cdn.CDN, error) {
	for _, c := range cdns.All() {
		if c.Name == name || name == "" && c.Weight > 0 {
			c.Weight = 1 // also where the configuration drains it
			return c, nil
		}
	}
	return cdn.CDN{}, fmt.Errorf("-cdn %q: the configuration has no such CDN", name)
}
