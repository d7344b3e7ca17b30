package subject

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metrics are the samples of a Prometheus page by their name, labels included, as in
// `go_gc_duration_seconds{quantile="1"}`.
type Metrics map[string]float64

// Scrape reads an admin port's /metrics.
func Scrape(ctx context.Context, admin string) (Metrics, error) {
	page, err := get(ctx, admin+"/metrics")
	if err != nil {
		return nil, err
	}
	m := Metrics{}
	for line := range strings.Lines(page) {
		name, value, ok := cutLast(strings.TrimSuffix(line, "\n"))
		if strings.HasPrefix(name, "#") || !ok {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	return m, nil
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	// compressing would be counted as the server's work
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %w: %s", url, errStatus, resp.Status)
	}
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

var errStatus = errors.New("unexpected status")

// cutLast cuts at the last space: a label's value may have spaces, a sample has no timestamp here.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// Mallocs returns how many objects a Go program has allocated, read from its admin port.
// /debug/pprof/allocs is exact, because the runtime first adds up what every processor has counted.
// If the program does not serve it, the figure is from /metrics, which can be a few thousand too
// low.
func Mallocs(ctx context.Context, admin string) (float64, error) {
	page, err := get(ctx, admin+"/debug/pprof/allocs?debug=1")
	if _, rest, ok := strings.Cut(page, "\n# Mallocs = "); ok {
		digits, _, _ := strings.Cut(rest, "\n")
		return strconv.ParseFloat(digits, 64)
	}
	if err != nil && !errors.Is(err, errStatus) {
		return 0, err
	}
	m, err := Scrape(ctx, admin)
	if err != nil {
		return 0, err
	}
	n, ok := m["go_memstats_mallocs_total"]
	if !ok {
		return 0, fmt.Errorf("%s/metrics has no go_memstats_mallocs_total", admin)
	}
	return n, nil
}
