// Demo plays a film from signed URLs for a person to watch: the service, two nginx with the
// configuration of deploy/ as its CDNs, and a page that shows the tokens and breaks things on
// request, all on the loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"videotoken/deploy/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Stdout, os.Stderr, os.Args[1:])
	// Ctrl-C reaches ffmpeg and the compiler too. That these fail then is no error.
	if err != nil && ctx.Err() == nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// Tokens end several times within the film, so that a person sees them renewed.
const (
	ttl    = 12 // seconds
	tokens = "{ttl: 12s, max_ttl: 1m, round: 1s, leeway: 1s, max_renew: 12h, renew_grace: 5s}"
)

var film = stack.Film{
	Length: time.Minute, Width: 960, Height: 540,
	Picture: "gradients=s=960x540:r=25:c0=0x0b1026:c1=0x1d4ed8:c2=0x7c3aed:c3=0xdb2777:n=4" +
		":x0=0:y0=0:x1=960:y1=540:speed=0.012:seed=7," +
		"drawtext=font=DejaVu Sans:fontcolor=white@0.92:fontsize=112:x=(w-tw)/2:y=(h-th)/2-24" +
		":text='%{pts\\:gmtime\\:0\\:%M\\\\\\:%S}'," +
		"drawtext=font=DejaVu Sans:fontcolor=white@0.6:fontsize=26:x=(w-tw)/2:y=h/2+70" +
		":text='frame %{n}'",
}

const usage = `Usage: demo [-port N] [REPOSITORY]

Serves the demonstration on 127.0.0.1 until Ctrl-C.

`

// run serves the demonstration until ctx ends. The one argument is the folder of the repository.
func run(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	port := flags.Int("port", 0,
		"the page's port; the two CDNs, the service and its admin listener\n"+
			"have the next five: to forward them from another machine (default: free ones)")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	root := "."
	if flags.NArg() == 1 {
		root = flags.Arg(0)
	} else if flags.NArg() > 1 {
		return errors.New("one folder of a repository; -h explains")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	scripts, err := stack.Scripts(root)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	defer ln.Close()
	dir, err := os.MkdirTemp("", "videotoken-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := stack.Build(root, dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "ffmpeg makes a film of a minute ...")
	if err := film.Make(ctx, dir); err != nil {
		return err
	}
	origin := "http://" + ln.Addr().String()
	options := stack.Options{
		Root: root, Binary: binary, Origin: http.FileServer(http.Dir(dir)),
		Edges: []string{"nginx", "nginx-2"}, Player: origin, Token: tokens,
	}
	if *port != 0 {
		options.Port = *port + 1
	}
	s, err := stack.New(options)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer s.Close()
	server := &http.Server{
		Handler: newDemo(s).handler(root, scripts), ReadHeaderTimeout: time.Minute,
	}
	defer server.Close()
	go server.Serve(ln)
	fmt.Fprintf(stdout, "The demonstration is at %s/ until you press Ctrl-C.\n", origin)
	<-ctx.Done()
	return nil
}
