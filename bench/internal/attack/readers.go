package attack

import (
	"context"
	"fmt"
	"strings"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
)

// slowReaders has clients that ask without end and read a byte at a time.
func (s *Site) slowReaders(ctx context.Context) error {
	t, err := load.NewTarget("POST", "http://h"+measure.Path, []string{measure.JSON}, longAnswer())
	if err != nil {
		return err
	}
	return s.besieged(ctx, "read slowly",
		Flood{Manner: Sip, Connections: affordable(s.Held), Request: t.Request})
}

// longAnswer is a document with as many URLs as there may be. A few of its answers fill what the
// kernel holds for a client, so that the service is soon done with it: many short ones would be a
// flood.
func longAnswer() []byte {
	const urls = 256
	var sources []string
	for i := range urls {
		sources = append(sources, fmt.Sprintf(`{"src":"/%s/%d.mp4"}`, strings.Repeat("x", 200), i))
	}
	return []byte(`{"video":{"sources":[` + strings.Join(sources, ",") + `]}}`)
}
