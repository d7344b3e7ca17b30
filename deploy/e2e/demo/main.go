// Demo plays a film from signed URLs for a person to watch: the service, nginx with the
// configuration of deploy/, and a page that shows what the token says, all on the loopback.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
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

//go:embed page.html
var page []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

var film = stack.Film{
	Length: 24 * time.Second, Width: 1280, Height: 720,
	Picture: "gradients=s=1280x720:r=25:c0=0x0b1026:c1=0x1d4ed8:c2=0x7c3aed:c3=0xdb2777:n=4:x0=0:y0=0:x1=1280:y1=720:speed=0.012:seed=7," +
		"drawtext=font=DejaVu Sans:fontcolor=white@0.92:fontsize=150:x=(w-tw)/2:y=(h-th)/2-30:text='%{pts\\:gmtime\\:0\\:%M\\\\\\:%S}'," +
		"drawtext=font=DejaVu Sans:fontcolor=white@0.6:fontsize=34:x=(w-tw)/2:y=h/2+95:text='frame %{n}'",
}

// run serves the demonstration until ctx ends. The one argument is the folder of the repository.
func run(ctx context.Context, stdout io.Writer, args []string) error {
	root := "."
	if len(args) == 1 {
		root = args[0]
	} else if len(args) > 1 {
		return errors.New("usage: demo [REPOSITORY]")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	scripts, err := stack.Scripts(root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "videotoken-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := stack.Build(root, dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "ffmpeg makes a film ...")
	if err := film.Make(ctx, dir); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	origin := "http://" + ln.Addr().String()
	s, err := stack.New(stack.Options{Root: root, Binary: binary, Origin: http.FileServer(http.Dir(dir)), Edges: []string{"nginx"}, Player: origin})
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer s.Close()
	server := &http.Server{Handler: pages(scripts, s), ReadHeaderTimeout: time.Minute}
	defer server.Close()
	go server.Serve(ln)
	fmt.Fprintf(stdout, "The demonstration is at %s/ until you press Ctrl-C.\n", origin)
	<-ctx.Done()
	return nil
}

// pages serves the demonstration's page, hls.js, and the settings that the page reads.
func pages(scripts http.Dir, s *stack.Stack) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /settings.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"service": "http://" + s.Service, "document": film.Document(), "leeway": stack.Leeway})
	})
	mux.Handle("GET /hls.min.js", http.FileServer(scripts))
	return mux
}
