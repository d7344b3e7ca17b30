package main

import (
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
	name := f.String("cdn", "", "the `NAME` of the CDN to sign for; by default the first one with a weight")
	mediaType := f.String("type", "", "the media `TYPE` of the source, which tells playlists whose path does not")
	ttl := f.Duration("ttl", 0, "how long the URL is good, such as 90s or 6h; by default the configuration's ttl")
	ip := f.String("ip", "", "bind the URL to an `ADDRESS` or a prefix")
	session := f.String("session", "", "a session id of 16 hexadecimal `DIGITS`")
	if err := parse(f, stderr, args, "Usage: videotoken sign [flags] URL-PATH\n\nPrints the URL of a path, such as /film.mp4 or /hls/film/master.m3u8, with a token.\n\n", 1); err != nil {
		return err
	}
	if *ttl%time.Second != 0 {
		return fmt.Errorf("-ttl %v: must be in whole seconds", *ttl)
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
	url, err := signer.URL(f.Arg(0), *mediaType, video.Options{TTL: int64(*ttl / time.Second), IP: *ip, Session: *session}, time.Now().Unix())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, url)
	return err
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
