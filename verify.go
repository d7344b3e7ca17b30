package main

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"time"

	"videotoken/token"
)

func verify(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	file := configFlag(f)
	name := f.String("cdn", "",
		"the `NAME` of the CDN whose keys count; by default the URL's, and for a path any CDN's")
	ip := f.String("ip", "", "the client's `ADDRESS`, for tokens that are bound to one, also for "+
		"those that do not say so")
	at := f.Int64("at", 0, "verify as at this Unix `TIME` in seconds; by default now")
	if err := parse(f, stderr, args,
		"Usage: videotoken verify [flags] URI\n\nVerifies a signed URL of any scheme, or its "+
			"path and query, and prints what its token says. It\nis what an edge gets: "+
			"without \"#\" and what follows. The exit status is 0 for a good token and\n1 for "+
			"any other, with the reason on standard error. Of other schemes than our own, "+
			"what a refused\ntoken says is printed, too.\n\n", 1); err != nil {
		return err
	}
	c, err := load(*file)
	if err != nil {
		return err
	}
	r := token.Request{URI: []byte(f.Arg(0)), Now: *at, Leeway: seconds(c.Token.Leeway)}
	if *at == 0 {
		r.Now = time.Now().Unix()
	}
	if *ip != "" {
		if r.Client, err = netip.ParseAddr(*ip); err != nil {
			return fmt.Errorf("-ip: %w", err)
		}
	}
	says, refused := c.CDNs.Read(*name, r)
	if _, err := fmt.Fprint(stdout, says); err != nil {
		return err
	}
	return refused
}
