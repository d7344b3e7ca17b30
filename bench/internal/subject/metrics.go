package subject

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Metrics are the samples of a Prometheus page by their name, labels included, as in
// `go_gc_duration_seconds{quantile="1"}`.
type Metrics map[string]float64

// Scrape reads an admin port's /metrics.
func Scrape(ctx context.Context, admin string) (Metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // compressing would be counted as the server's work
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s/metrics: %s", admin, resp.Status)
	}
	m := Metrics{}
	s := bufio.NewScanner(resp.Body)
	for s.Scan() {
		name, value, ok := cutLast(s.Text())
		if strings.HasPrefix(name, "#") || !ok {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	return m, s.Err()
}

// cutLast cuts at the last space: a label's value may have spaces, a sample has no timestamp here.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// Mallocs is how many objects the Go program behind an admin port has allocated.
func Mallocs(ctx context.Context, admin string) (float64, error) {
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
