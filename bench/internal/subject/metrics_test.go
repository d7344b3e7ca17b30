package subject

import (
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"testing"
)

// metrics is a page that lags behind what the runtime knows.
func metrics(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("# HELP x y\nx{a=\"b c\"} 2\ngo_memstats_mallocs_total 1\n"))
}

func TestMallocs(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", metrics)
	s := httptest.NewServer(mux)
	defer s.Close()
	if n, err := Mallocs(t.Context(), s.URL); n != 1 || err != nil {
		t.Errorf("of /metrics alone: %v, error %v", n, err)
	}
	m, err := Scrape(t.Context(), s.URL)
	if err != nil || len(m) != 2 || m[`x{a="b c"}`] != 2 {
		t.Errorf("%v, error %v", m, err)
	}

	mux.Handle("/debug/pprof/allocs", pprof.Handler("allocs"))
	if n, err := Mallocs(t.Context(), s.URL); n < 1000 || err != nil {
		t.Errorf("of the profile: %v, error %v", n, err)
	}

	s.Close()
	if _, err := Mallocs(t.Context(), s.URL); err == nil {
		t.Error("no error where nothing listens")
	}
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	if _, err := Mallocs(t.Context(), empty.URL); err == nil {
		t.Error("no error where nothing is counted")
	}
}
