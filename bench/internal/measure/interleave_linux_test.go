package measure

import (
	"path/filepath"
	"testing"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/subject"
)

// TestInterleaveOpen wants the arms of an open loop at the same time, each at its whole rate.
func TestInterleaveOpen(t *testing.T) {
	binary, service := built(t)
	l := load.Load{Connections: 5, Rate: 200, Warmup: 50 * time.Millisecond,
		Duration: 500 * time.Millisecond}
	arms, err := service.Interleave(t.Context(),
		Rounds{Pairs: 1, Turn: 50 * time.Millisecond, Load: l, Progress: func(int) {}}, binary, binary)
	if err != nil {
		t.Fatal(err)
	}
	for i, runs := range arms {
		// Every request that is due in the window counts, however late the machine lets it be sent.
		if r := runs[0]; r.Name != "open" || r.Load.Duration != l.Duration || r.Load.Rate != l.Rate ||
			r.Requests != 100 {
			t.Errorf("arm %d: %s of %v at %v requests/s: %d requests, want open, %v, %v and 100", i, r.Name,
				r.Load.Duration,
				r.Load.Rate, r.Requests, l.Duration, l.Rate)
		}
	}
}

// built builds the service of this revision.
func built(t *testing.T) (binary string, service *Service) {
	t.Helper()
	root, err := subject.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(t.TempDir(), "videotoken")
	if err := subject.Build(t.Context(), root, ".", binary); err != nil {
		t.Fatal(err)
	}
	if service, err = NewService(root); err != nil {
		t.Fatal(err)
	}
	return binary, service
}

// TestInterleave wants every arm to have as many turns, and its rate to be that of these, where the
// window is neither whole turns nor whole seconds.
func TestInterleave(t *testing.T) {
	binary, service := built(t)
	var told int
	arms, err := service.Interleave(t.Context(), Rounds{Pairs: 2, Turn: 50 * time.Millisecond,
		Load: load.Load{Connections: 10, Warmup: 40 * time.Millisecond,
			Duration: 420 * time.Millisecond},
		Progress: func(int) { told++ }}, binary, binary, binary)
	if err != nil {
		t.Fatal(err)
	}
	if len(arms) != 3 || told != 2 {
		t.Fatalf("%d arms, told of %d pairs, want 3 and 2", len(arms), told)
	}
	const own = 450 * time.Millisecond
	for i, runs := range arms {
		if len(runs) != 2 {
			t.Fatalf("arm %d: %d runs, want 2", i, len(runs))
		}
		for _, r := range runs {
			if r.Load.Duration != 3*own || r.Load.Warmup != 150*time.Millisecond {
				t.Errorf("arm %d: warmed up for %v, measured for %v, want 150ms and %v", i, r.Load.Warmup,
					r.Load.Duration, 3*own)
			}
			if want := float64(r.Requests) / own.Seconds(); r.Requests == 0 ||
				r.RequestsPerSecond.Avg != want {
				t.Errorf("arm %d: %d requests, %.0f a second, want %.0f", i, r.Requests,
					r.RequestsPerSecond.Avg, want)
			}
			if want := float64(r.Bytes) / own.Seconds(); r.BytesPerSecond.Avg != want {
				t.Errorf("arm %d: %.0f bytes a second, want %.0f", i, r.BytesPerSecond.Avg, want)
			}
		}
	}
}
