// Package hostile has the JSON bodies that cost the most to parse, as recipes. It is for tests,
// benchmarks and the attack on a running service; the service does not link it.
//
// Most callers want [Read] and [Recipe.Body].
package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"videotoken/internal/limits"
)

// Size is the size of a body that is as large as one may be by default.
const Size = limits.Body

// Recipe makes a hostile body of about [Size]: the head, as many units as fit, and the tail. In a
// unit, each "#" stands for the unit's number in three letters, so that units differ.
type Recipe struct{ Name, Head, Unit, Tail string }

// Body returns the body, which has at most [Size] bytes.
func (r Recipe) Body() []byte {
	b := make([]byte, 0, Size)
	b = append(b, r.Head...)
	for n := 0; r.Unit != "" && len(b)+len(r.Unit)+2*strings.Count(r.Unit, "#")+
		len(r.Tail) <= Size; n++ {
		b = append(b, strings.ReplaceAll(r.Unit, "#", number(n))...)
	}
	return append(b, r.Tail...)
}

func number(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return string([]byte{letters[n/52/52%52], letters[n/52%52], letters[n%52]})
}

// Read returns the recipes of a directory in the order of their names. Each is a file of three Go
// strings, one a line. A directory without a file is an error.
func Read(dir string) ([]Recipe, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no files: there should be recipes of costly bodies in it",
			dir)
	}
	slices.Sort(files)
	var all []Recipe
	for _, file := range files {
		r, err := readRecipe(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func readRecipe(file string) (Recipe, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Recipe{}, err
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 3 {
		return Recipe{}, errors.New("a recipe has three lines: head, unit and tail")
	}
	for i := range lines {
		if lines[i], err = strconv.Unquote(lines[i]); err != nil {
			return Recipe{}, fmt.Errorf("line %d is no Go string: %w", i+1, err)
		}
	}
	return Recipe{filepath.Base(file), lines[0], lines[1], lines[2]}, nil
}
