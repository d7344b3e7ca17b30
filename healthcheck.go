package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"videotoken/internal/config"
	"videotoken/internal/listen"
)

const healthcheckUsage = `Usage: videotoken healthcheck [-config FILE | -url URL] [-live]

Asks a running service whether it can take requests: /readyz at the first address of the
configuration's listen, on this machine. Without a configuration it asks port 3002. The exit status
is 0 if the answer is 200 within 2 s, and 1 for any other, with the reason on standard error.

Of the configuration it reads listen alone, so that a mistake elsewhere in the file does not make a
service unhealthy that goes on with the file before. For sockets of systemd, and for -listen, give
the URL.

`

// healthcheckTime bounds the whole check: an orchestrator counts one that hangs as late.
const healthcheckTime = 2 * time.Second

// healthcheck is the command of its name. Containers without a shell and curl have nothing else to
// ask with.
func healthcheck(_, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	file := configFlag(f)
	target := f.String("url", "", "ask this `URL`, such as http://127.0.0.1:3002, and read no "+
		"configuration; a path in it is asked as it is")
	live := f.Bool("live", false, "ask /healthz: whether the process answers, also while it drains")
	if err := parse(f, stderr, args, healthcheckUsage, 0); err != nil {
		return err
	}
	path := "/readyz"
	if *live {
		path = "/healthz"
	}
	// Neither a proxy of the environment nor a redirect may answer in the service's place.
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{
		Transport: transport,
		Timeout:   healthcheckTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	if *target != "" {
		u, err := url.Parse(*target)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return fmt.Errorf("-url %q: must be a URL such as http://127.0.0.1:3002", *target)
		case u.Path == "" || u.Path == "/":
			u.Path = path
		case *live:
			return errors.New("-live and a path in -url: give one of them")
		}
		return ask(client, u.String(), u.String())
	}
	address, err := serviceAddress(*file)
	if err != nil {
		return err
	}
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return address.Dial(ctx)
	}
	return ask(client, "http://localhost"+path, path+" at "+address.String())
}

// serviceAddress returns the first address that a service with this configuration listens on.
func serviceAddress(file string) (listen.Address, error) {
	all, err := config.LoadListen(file)
	if err != nil {
		return listen.Address{}, err
	}
	return all[0], nil
}

// ask returns nil if the answer to a GET is 200. The name is what an error calls the target.
func ask(client *http.Client, target, name string) error {
	res, err := client.Get(target)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) && e.Timeout() {
			return fmt.Errorf("%s: no answer within %v", name, healthcheckTime)
		}
		if errors.As(err, &e) { // whose own text has a made-up host
			err = e.Err
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", name, res.Status)
	}
	return nil
}
