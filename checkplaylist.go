package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"videotoken/internal/playlist"
)

const (
	maxPlaylists = 64               // that are fetched in all
	fetchTimeout = 30 * time.Second // of all together
)

const checkPlaylistUsage = `Usage: videotoken check-playlist FILE-OR-URL -src /path/master.m3u8 [-scope /path/]

Says for each URI of an HLS playlist or a DASH manifest whether the token for -src covers it, and
which scope would. Of a URL, the playlists that it leads to are read, too. The exit status is 0 if
all URIs are covered, and 1 if not.

`

// errNotCovered is the error of a playlist that will not play.
var errNotCovered = errors.New("not every URI is covered: a player will be refused")

func checkPlaylist(stdout, stderr io.Writer, args []string) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		args = append(args[1:], args[0]) // flags may follow the file
	}
	f := flag.NewFlagSet("check-playlist", flag.ContinueOnError)
	src := f.String("src", "", "the `PATH` of the playlist on the CDN, as in a document")
	scope := f.String("scope", "",
		"the `DIRECTORY` that the token covers; by default the playlist's own")
	if err := parse(f, stderr, args, checkPlaylistUsage, 1); err != nil {
		return err
	}
	if *src == "" {
		fmt.Fprintln(stderr, "videotoken: -src is missing: the path of the playlist on the CDN, "+
			"such as /films/a/master.m3u8")
		return errUsage
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	pages, err := readPlaylists(ctx, f.Arg(0), *src)
	if err != nil {
		return err
	}
	return report(stdout, pages, *src, *scope)
}

// page is a playlist, and where it is on the CDN.
type page struct {
	name, path string
	uris       []playlist.URI
}

// readPlaylists reads a file, or a URL and the playlists that it leads to.
func readPlaylists(ctx context.Context, name, src string) ([]page, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		uris, err := find(file)
		return []page{{name, src, uris}}, err
	}
	first, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	var pages []page
	queue, seen := []page{{name: name, path: src}}, map[string]bool{}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next.name] {
			continue
		}
		seen[next.name] = true
		if len(pages) == maxPlaylists {
			return nil, fmt.Errorf("%s leads to more than %d playlists", name, maxPlaylists)
		}
		if next.uris, err = fetch(ctx, first.Host, next.name); err != nil {
			return nil, fmt.Errorf("%s: %w", next.name, err)
		}
		pages = append(pages, next)
		queue = append(queue, linked(next, first.Host)...)
	}
	return pages, nil
}

// linked returns the playlists on the same host that a playlist leads to.
func linked(p page, host string) (pages []page) {
	base, err := url.Parse(p.name)
	if err != nil {
		return nil
	}
	results, err := playlist.Check(p.path, "", p.uris)
	if err != nil {
		return nil
	}
	for _, r := range results {
		if target, err := base.Parse(r.Text); r.Playlist && r.Path != "" && err == nil &&
			target.Host == host {
			pages = append(pages, page{name: target.String(), path: r.Path})
		}
	}
	return pages
}

// fetch reads the playlist at a URL. A redirect may not leave the host.
func fetch(ctx context.Context, host, name string) ([]playlist.URI, error) {
	client := http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != host || len(via) > 5 {
			return fmt.Errorf("redirected to %s: ask for that URL", r.URL)
		}
		return nil
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", response.Status)
	}
	return find(response.Body)
}

func find(r io.Reader) ([]playlist.URI, error) {
	data, err := io.ReadAll(io.LimitReader(r, playlist.MaxSize+1))
	if err != nil {
		return nil, err
	}
	return playlist.Find(data)
}

// report prints what is covered, and what to change.
func report(stdout io.Writer, pages []page, src, scope string) error {
	if scope == "" {
		scope = src[:strings.LastIndexByte(src, '/')+1]
	}
	if !strings.HasPrefix(src, scope) {
		return fmt.Errorf("-scope %s: does not contain -src %s", scope, src)
	}
	var all []playlist.Result
	covered := 0
	for _, p := range pages {
		results, err := playlist.Check(p.path, scope, p.uris)
		if err != nil {
			return err
		}
		if len(pages) > 1 {
			fmt.Fprintf(stdout, "%s, as %s\n", p.name, p.path)
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		for _, r := range results {
			mark := "no "
			if r.Covered {
				mark = "yes"
				covered++
			}
			fmt.Fprintf(w, "  line %d\t%s\t%q\t%s\n", r.Line, mark, r.Text, r.Reason)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		all = append(all, results...)
	}
	fmt.Fprintf(stdout, "A token for %s covers %d of %d URIs.\n", scope, covered, len(all))
	if covered == len(all) {
		return nil
	}
	if wide, ok := playlist.Scope(src, all); ok && wide != scope {
		fmt.Fprintf(stdout, "All that are relative are covered with this beside the video:\n\n"+
			"    \"token\": {\"scope\": %q}\n\n", wide)
	}
	return errNotCovered
}
