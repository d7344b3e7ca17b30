package attack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
)

// parsers is how many connections send bodies that are costly to parse.
const parsers = 8

// body is a costly body.
type body struct {
	name string
	json []byte
}

// nested is nested deeper than any document, and invalid at its very end.
func nested() body {
	return body{"9,985 open brackets", []byte(`{"video":{"x":` + strings.Repeat("[", 9985) + "x")}
}

// json sends bodies that are costly to parse, one after another.
func (s *Site) json(ctx context.Context) error {
	bodies, err := s.bodies()
	if err != nil {
		return err
	}
	all := *s
	all.Rounds = max(1, min(s.Rounds, 18/len(bodies))) // many bodies have fewer rounds each
	for _, b := range bodies {
		t, err := load.NewTarget("POST", "http://h"+measure.Path, []string{measure.JSON}, b.json)
		if err != nil {
			return err
		}
		c := contest{name: fmt.Sprintf("%d connections send %s", parsers, b.name), p50: 3, p99: 10,
			attack: Flood{Request: t.Request, Connections: parsers, Pipelining: 4}} // so that there always is another
		if err := all.contest(ctx, c); err != nil {
			return err
		}
	}
	s.broken = all.broken
	return nil
}

// bodies are the nested one and the files of the directory Worst.
func (s *Site) bodies() ([]body, error) {
	bodies := []body{nested()}
	if s.Worst == "" {
		return bodies, nil
	}
	files, err := os.ReadDir(s.Worst)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(s.Out, "%s is not there: the nested body alone\n", s.Worst)
		return bodies, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(s.Worst, f.Name()))
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body{f.Name(), b})
	}
	if len(bodies) == 1 {
		return nil, fmt.Errorf("%s has no files: there should be costly bodies in it", s.Worst)
	}
	return bodies, nil
}
