package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"videotoken/bench/internal/flame"
	"videotoken/bench/internal/measure"
)

// errProfile is the error of a profile that could not be taken.
var errProfile = errors.New("no profile")

// profiling is a CPU profile of the server that is taken while it is measured.
type profiling struct {
	text []byte // as pprof reads it
	err  error
	done chan struct{}
}

// profiled has the window of a run profiled. The run tells no allocations: the profile makes some.
func profiled(ctx context.Context, spec *measure.Spec) (*profiling, error) {
	if spec.Admin == "" {
		return nil, fmt.Errorf("%w: -profile needs -admin, the URL of the server's admin port",
			errProfile)
	}
	whole := max(1, spec.Load.Duration/time.Second) // the unit in which a profile is asked for
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", spec.Admin, whole)
	spec.Admin = ""
	p := &profiling{done: make(chan struct{})}
	spec.Load.Begin = func() {
		go func() {
			defer close(p.done)
			p.text, p.err = fetchProfile(ctx, url)
		}()
	}
	return p, nil
}

func fetchProfile(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%w: %s answers %s", errProfile, url, resp.Status)
	}
	return text, err
}

// write writes the profile as pprof reads it, NAME.pprof, and as a flame graph,
// NAME.flame.html.
func (p *profiling) write(dir, name, title string) error {
	var graph bytes.Buffer
	if err := flame.Draw(&graph, title, bytes.NewReader(p.text)); err != nil {
		return fmt.Errorf("%w: %w", errProfile, err)
	}
	base := filepath.Join(dir, name)
	return errors.Join(os.WriteFile(base+".pprof", p.text, 0o644),
		os.WriteFile(base+".flame.html", graph.Bytes(), 0o644))
}
